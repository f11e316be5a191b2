// Package ringbuf holds bytes on their way: rings that always show what they hold as one contiguous slice, pools of
// rings, and pools of small blocks.
//
// # Rings
//
// A [Ring] of n bytes is read and written through two slices: Window, the bytes it holds, and Space, the bytes it can
// still take. Neither is ever split at an edge, so that a parser needs no second case for it and one read(2) can fill
// all the room there is.
//
// On Linux a ring is mirrored: one memfd (memfd_create(2)) is mapped twice, side by side (mmap(2) with MAP_FIXED), so
// that the byte after the last is the first. Nothing is ever moved. Where mapping fails, on other systems, and under
// the race detector, which does not see mapped memory, a ring lies on the heap: a buffer of twice the capacity, whose
// content moves to the front once more than a capacity of bytes went by. At most one byte is copied for each byte
// discarded. The two kinds behave alike; only Mirrored tells them apart.
//
// A mirrored ring costs two of the process's mappings (vm.max_map_count, 65,530 by default) and no descriptor.
//
// # Pools
//
// A [Pool] keeps rings and [Blocks] keeps small heap blocks for reuse, last in first out, so that the next user gets
// memory that is still in the cache. Both bound the bytes that lie idle. Each belongs to one goroutine, as a rule a
// loop's; only their Stats may be called from any.
//
// # Finding slices used after their time
//
// Under the build tag poison, Put overwrites what it is given with 0xDB. See [Poison] and [Fill].
package ringbuf

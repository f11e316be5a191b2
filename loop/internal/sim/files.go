//go:build linux

package sim

import "golang.org/x/sys/unix"

// object is what a descriptor stands for.
type object interface {
	ready() uint32 // the events of epoll that hold now
	release()      // the last descriptor is closed
	node() *node
}

// node is what all objects have.
type node struct {
	watch *watch // nil: in no epoll
}

// file is an open descriptor; object is nil if it is free.
type file struct{ object object }

// install gives an object the lowest free descriptor.
func (k *Kernel) install(o object) (int, unix.Errno) {
	if k.open >= k.MaxFDs {
		k.Full++
		return -1, unix.EMFILE
	}
	at := k.lowest
	for at < len(k.files) && k.files[at].object != nil {
		at++
	}
	if at == len(k.files) {
		k.files = append(k.files, file{})
	}
	k.files[at].object = o
	k.lowest = at + 1
	k.open++
	k.Progress++
	return at + FirstFD, 0
}

// lookup returns the object of a descriptor. One that is not open is the loop's mistake.
func (k *Kernel) lookup(o op, fd int) object {
	at := fd - FirstFD
	if at < 0 || at >= len(k.files) || k.files[at].object == nil {
		k.Fail("%s of descriptor %d, which is not open", opNames[o], fd)
		return nil
	}
	return k.files[at].object
}

// socket is lookup of a socket.
func (k *Kernel) socket(o op, fd int) *Socket {
	object := k.lookup(o, fd)
	s, ok := object.(*Socket)
	if object != nil && !ok {
		k.Fail("%s of descriptor %d, which is no socket", opNames[o], fd)
	}
	return s
}

// SocketOf returns the socket of an open descriptor, or nil.
func (k *Kernel) SocketOf(fd int) *Socket {
	if at := fd - FirstFD; at >= 0 && at < len(k.files) {
		s, _ := k.files[at].object.(*Socket)
		return s
	}
	return nil
}

// shut closes a descriptor.
func (k *Kernel) shut(fd int) {
	o := k.lookup(opClose, fd)
	if o == nil {
		return
	}
	if w := o.node().watch; w != nil {
		w.gone = true
		o.node().watch = nil
		if _, is := o.(*Socket); is {
			k.Fail("descriptor %d is closed and still in epoll: a duplicate of it would go on reporting", fd)
		}
	}
	k.files[fd-FirstFD].object = nil
	k.lowest = min(k.lowest, fd-FirstFD)
	k.open--
	k.Progress++
	o.release()
}

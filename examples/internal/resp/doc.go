// Package resp is a key-value server that speaks RESP2, the protocol of Redis, well enough for redis-cli and
// redis-benchmark. It shows the asynchat way of a binary protocol: a terminator that changes with every element.
//
//	         line "*3"                    line "$5"
//	[line] ───────────▶ [header: LF] ───────────────▶ [body: Count(5+2)]
//	  ▲ │ inline             ▲                               │
//	  │ └─▶ run              └──────── more to come ─────────┤
//	  └────────────── run ◀───────── that was the last ──────┘
//
// Lines end at LF, with a CR before it that inline commands may leave out, as Redis and netcat have it. A bulk string is
// Count(n+2): its CRLF belongs to it and is checked, so that a bulk of no bytes needs no case of its own (a Count of 0 is None).
// Short bulks come whole; long ones in pieces, so that no ring has to hold them.
//
// All loops share one store: shards of a map and a dense slice of entries, under a lock each. Keys expire when they are looked
// up, and in a bounded sweep on every loop's timer. Short values are copied out under the shard's lock; long ones are never
// written to once they are stored, and leave through PushOwned without a copy.
//
// Commands: PING ECHO SET GET GETSET SETNX DEL UNLINK EXISTS INCR DECR INCRBY DECRBY APPEND STRLEN MGET MSET EXPIRE PEXPIRE
// TTL PTTL PERSIST TYPE KEYS SCAN DBSIZE FLUSHDB FLUSHALL SELECT COMMAND CLIENT CONFIG INFO HELLO RESET QUIT TIME.
// MSET and the other commands of many keys are atomic for each key, not for all of them together. KEYS and FLUSHALL hold
// their loop for as long as they take. There is no persistence, no authentication and one database.
//
// Sources: the Redis serialization protocol specification (https://redis.io/docs/latest/develop/reference/protocol-spec/)
// and the error texts of Redis 7.0.
package resp

package main

import "time"

// limits says how long the load waits for what may never come. Together with the time that is asked for they bound
// every load.
type limits struct {
	open    time.Duration // until all connections are open and have had a message answered
	connect time.Duration // until one is open
	first   time.Duration // until one message is answered while nothing else is in flight
	silence time.Duration // without an answer, where a number of messages ends the load
	settle  time.Duration // that idle connections are left alone before memory is read
	drain   time.Duration // until all in flight is answered
	leave   time.Duration // that a server has to close after the last message, in which nothing may come
}

// usualLimits are generous to a server on a busy machine.
var usualLimits = limits{
	open:    time.Minute,
	connect: 10 * time.Second,
	first:   10 * time.Second,
	silence: 10 * time.Second,
	settle:  time.Second,
	drain:   5 * time.Second,
	leave:   time.Second,
}

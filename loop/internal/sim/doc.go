// Package sim is a kernel that is made up: descriptors, TCP sockets, epoll, an eventfd, pipes and a clock behind the seam
// of a loop (loop/internal/sys), for tests that must be played again exactly.
//
// All chance comes from one seed, time is a number, and nothing runs beside: what a network or a peer does is an event
// that a system call of the loop finds due. So a seed is a run, call for call.
//
// What it takes from Linux: the lowest free descriptor is given out; epoll is level-triggered and asks each socket when
// its events are fetched, as tcp_poll does; a close with unread input resets; data that reaches a closed socket resets;
// what had arrived before a reset can still be read; accept4(2) wants a descriptor before it looks into its queue. What it
// leaves out: addresses other than IPv4, urgent bytes, segments that overtake each other.
package sim

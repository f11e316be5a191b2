// Package bench holds the benchmarks of the library; it has no code but benchmarks. Each one checks what it measures:
// a wrong reply or a missed match fails it.
//
//	make bench                                all of them
//	make bench BENCH=Server BENCH_COUNT=10    some of them, ten times, in the form that benchstat reads
//
// BenchmarkServer runs a server in a process of its own, on the first processor, and its client on the last, and
// reports the server's processor time a message. BenchmarkLoop polls a loop over a socket pair: no scheduling and no
// TCP. The others measure match, ringbuf and producer alone.
//
// A machine changes its speed while it measures, so only ratios of runs that were interleaved say something.
package bench

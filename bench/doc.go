// Package bench holds the benchmarks of the library that run in one process; it has no code but benchmarks. Each one
// checks what it measures: a wrong reply or a missed match fails it.
//
//	make bench-go                              all of them
//	make bench-go BENCH=Loop BENCH_COUNT=10    some of them, ten times, in the form that benchstat reads
//
// BenchmarkLoop polls a loop over a socket pair: no scheduling and no TCP. The others measure match, ringbuf and producer
// alone. Servers are compared with those on other libraries by bench/cmd/compare (make bench), searches by bench/search
// (make bench-match).
//
// A machine changes its speed while it measures, so only ratios of runs that were interleaved say something.
package bench

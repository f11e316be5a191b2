// Package sys is the seam between a loop and the kernel.
//
// Every system call that a loop makes goes through one Calls, a plain struct of funcs that belongs
// to that loop. Tests swap single funcs to inject faults; because the struct is per loop and not a
// package variable, such tests run in parallel. The price is one indirect call for each system
// call: see BenchmarkSeam.
package sys

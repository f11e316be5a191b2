// Search compares searches for terminators side by side, in one run: those of package match on every tier of vector
// instructions that the machine has, those of Go's standard library, asynchat's, glibc's, those of Rust's memchr
// crate, and the loop that does nothing but load every byte, which is the limit for all of them.
//
//	search [-rounds 7] [-batch 3ms] [-run REGEXP] [-record FILE] [-plots DIR]
//	search -list
//
// A machine changes its speed while it measures, so nothing is measured alone. A case is a text and what to find in it;
// in each of its rounds every contender runs one batch of a few milliseconds, and ratios are of batches of the same
// round. Everything runs on one processor, and Go's garbage collector is off meanwhile. The texts are in memory that all
// processes share, so that every contender reads the same pages.
//
// Every batch is checked: a contender that finds anything but what is there ends the run with code 1. Before a case is
// measured, each contender has to find the literal at the end of the same text, too.
//
// The contenders in C and Rust are programs of their own, which the script named build puts beside this one; each is
// left out, with a note, where it could not be built. It runs on Linux only.
package main

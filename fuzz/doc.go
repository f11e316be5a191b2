// Package fuzz holds the fuzz targets of the library, their models and their corpora, and the differential test against
// CPython's asynchat; it has no code but tests, and what is in internal for them.
//
// Each target drives a package through its exported API and compares it with a model so simple that it is obviously
// right: terminators with a search from the start of every element, rings and queues with a slice of bytes, whole
// connections with a stream that is cut in one piece. Corpora are in testdata/fuzz, a folder for each target.
//
//	go test ./fuzz                                          the corpora as tests
//	go test ./fuzz -fuzz '^FuzzTerminator$' -fuzztime 1m    one target
//	make fuzz FUZZTIME=1m                                   every target of the module
//
// The differential test runs scripts through asynchat and through a connection, and FuzzChat such scripts through a
// connection and a model of asynchat: docs/asynchat-oracle.md says more.
//
// A target that fails writes its input to testdata/fuzz, where it stays as a test.
package fuzz

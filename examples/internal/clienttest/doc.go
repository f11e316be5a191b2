// Package clienttest starts the examples as processes and drives them with the clients that people use:
// curl, wrk, redis-cli, a browser. A test package that uses it has
//
//	func TestMain(m *testing.M) { clienttest.Main(m) }
//
// and a test then reads
//
//	addr, stop := clienttest.Start(t, clienttest.Binary(t, "."))
//	body := clienttest.Run(t, clienttest.Client(t, "curl"), "-sS", "http://"+addr+"/hello")
//	stop()
//
// A client that is not installed skips its test, unless MILLRACE_REQUIRE_CLIENTS is 1: then it fails it.
package clienttest

// Package app is what the example servers have in common: their flags, the form of an address, and a
// life from listening to an orderly end.
//
// An example is a loop.Factory and a main that hands it to Serve:
//
//	var f app.Flags
//	f.Register(flag.CommandLine, "127.0.0.1:7000")
//	flag.Parse()
//	app.Exit("echo", app.Serve("echo", f, loop.Options{}, factory))
package app

// Package cli has what the command lines of the benchmarks share.
package cli

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
)

// Regexp defines a flag that is a regular expression, by default one that matches everything.
func Regexp(f *flag.FlagSet, name, usage string) **regexp.Regexp {
	value := regexp.MustCompile("")
	f.Func(name, usage, func(s string) (err error) {
		value, err = regexp.Compile(s)
		return err
	})
	return &value
}

// OrOwnFolder returns a folder, or, if that is empty, the one that this program is in.
func OrOwnFolder(folder string) (string, error) {
	if folder != "" {
		return folder, nil
	}
	self, err := os.Executable()
	return filepath.Dir(self), err
}

package main

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

func TestParseOptions(t *testing.T) {
	var usage strings.Builder
	o, err := parseOptions(strings.Fields("-lib nbio -form plain -addr 127.0.0.1:7 -mode line -loops 3"), &usage)
	if err != nil || usage.Len() > 0 {
		t.Fatalf("%v, %q", err, usage.String())
	}
	if o.lib != "nbio" || o.best() || o.addr != "127.0.0.1:7" || o.mode != modeLine || o.loops != 3 {
		t.Errorf("%+v", o)
	}
	if o.protocol() == nil {
		t.Error("no protocol")
	}
}

// TestWrongCommandLine demands that whatever cannot be served is told, and nothing is started.
func TestWrongCommandLine(t *testing.T) {
	for args, want := range map[string]string{
		"":                              `no library ""`,
		"-lib asio":                     `no library "asio"`,
		"-lib net -form better":         `no form "better"`,
		"-lib net -mode telnet":         `no mode "telnet"`,
		"-lib nethttp -mode echo":       `nethttp has no mode "echo", only http`,
		"-lib fasthttp -mode line":      `fasthttp has no mode "line", only http`,
		"-lib net -loops 0":             "0 loops",
		"-lib net serve":                `unexpected argument "serve"`,
		"-lib net -color":               "not defined: -color",
		"-lib gnet -loops few":          `invalid value "few"`,
		"-lib netpoll -form=plain -x=1": "not defined: -x",
	} {
		cmd := command(strings.Fields(args)...)
		var out, errs strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &errs
		var code *exec.ExitError
		if err := cmd.Run(); !errors.As(err, &code) || code.ExitCode() != 2 {
			t.Errorf("%s: %v", args, err)
		}
		if !strings.Contains(errs.String(), want) || out.Len() > 0 {
			t.Errorf("%s: standard error %q, output %q", args, errs.String(), out.String())
		}
	}
}

// TestAddressInUse demands a failure that is no wrong command line.
func TestAddressInUse(t *testing.T) {
	taken := startServer(t, "net", formBest, modeEcho, 1)
	for _, lib := range libraries() {
		modes := peers[lib].modes
		cmd := command("-lib", lib, "-mode", modes[0], "-addr", taken.addr)
		in, err := cmd.StdinPipe() // it must not end before it has tried
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.Output()
		in.Close()
		var code *exec.ExitError
		if !errors.As(err, &code) || code.ExitCode() != 1 || len(out) > 0 || len(code.Stderr) == 0 {
			t.Errorf("%s: %v, output %q", lib, err, out)
		}
	}
}

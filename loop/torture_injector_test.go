//go:build linux

package loop

import (
	"maps"
	"reflect"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/millrace-net/millrace/loop/internal/sys"
)

// injector stands between a loop and the kernel: it counts the calls, makes those fail that the fault names, and is the
// clock, which goes on by itself only when nothing happens: a run waits for no timer.
//
// Invariant: counts[anyCall] is the sum of the others.
type injector struct {
	mu     sync.Mutex // the eventfd is written by other goroutines
	real   *sys.Calls
	can    map[string]bool // which calls can answer the fault's errno, where it is of any call
	fault  fault
	counts map[string]int
	reach  map[string]int // the counts when the fault was cleared
	hits   int
	moved  int   // transfers and accepts that went well
	nowNs  int64 // the clock
	jumps  int   // how often it went on because nothing happened
	paceMs int   // the real time that nothing has to happen in for that
}

func newInjector(f fault, paceMs int) *injector {
	in := &injector{real: sys.System(), fault: f, paceMs: paceMs, nowNs: int64(time.Hour)}
	in.counts, in.can = map[string]int{}, map[string]bool{}
	for _, o := range sys.Outcomes() {
		if o.Errno == f.outcome.Errno && !o.Done {
			in.can[o.Call] = true
		}
	}
	return in
}

// calls returns the seam with every func of it wrapped.
func (in *injector) calls() *sys.Calls {
	base := *in.real
	base.Now = in.now
	base.EpollWait = in.epollWait
	base.EpollPoll = func(epfd int, events []unix.EpollEvent) (int, syscall.Errno) {
		in.advance(epollNs)
		return in.real.EpollPoll(epfd, events)
	}
	in.wrap(reflect.ValueOf(&base).Elem(), "")
	return &base
}

// wrap replaces every func of a struct, and of those within it, by one that asks the injector first.
func (in *injector) wrap(v reflect.Value, path string) {
	for i := range v.NumField() {
		name := path + v.Type().Field(i).Name
		switch field := v.Field(i); field.Kind() {
		case reflect.Struct:
			in.wrap(field, name+".")
		case reflect.Func:
			if name == "Now" {
				continue // it cannot fail
			}
			real := reflect.ValueOf(field.Interface())
			field.Set(reflect.MakeFunc(field.Type(), func(args []reflect.Value) []reflect.Value {
				return in.call(name, real, args)
			}))
		}
	}
}

// call makes one call, or does not.
func (in *injector) call(name string, real reflect.Value, args []reflect.Value) []reflect.Value {
	if name == "EpollCtl" {
		name += map[int64]string{unix.EPOLL_CTL_ADD: "(ADD)", unix.EPOLL_CTL_MOD: "(MOD)", unix.EPOLL_CTL_DEL: "(DEL)"}[args[1].Int()]
	}
	strikes := in.next(name)
	if strikes && !in.fault.short {
		if in.fault.outcome.Done {
			out := real.Call(args)
			if name == "Accept" && out[0].Int() >= 0 {
				unix.Close(int(out[0].Int())) // the connection is lost
			}
			if err, ok := out[0].Interface().(error); ok && name == "Connect" && err != unix.EINPROGRESS {
				return out // it has failed in earnest
			}
		}
		return failedCall(real.Type(), in.fault.outcome.Errno)
	}
	if strikes {
		shorten(name, args)
	}
	out := real.Call(args)
	if name == "Accept" || slices.Contains(transfers, name) {
		if n := out[0].Int(); out[1].Uint() == 0 && (n > 0 || name == "Accept") {
			in.moved++
		}
	}
	if (name == "Recvmmsg" || name == "Sendmmsg") && out[0].Int() > 0 {
		in.moved++
	}
	return out
}

// next counts a call and tells whether the fault strikes it.
func (in *injector) next(name string) bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.counts[name]++
	in.counts[anyCall]++
	f := &in.fault
	if f.call != name && (f.call != anyCall || !in.can[name]) {
		return false
	}
	if n := in.counts[f.call]; n < f.k || n > f.k && !f.lasting && f.call != anyCall || in.hits >= f.brief() {
		return false
	}
	in.hits++
	return true
}

// clear ends the fault, but for one of a call that has its effect all the same: that lasts to the end of the loop.
func (in *injector) clear() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.reach = maps.Clone(in.counts)
	if o := &in.fault.outcome; !o.Done || o.Action != sys.Ignore {
		in.fault.call = ""
	}
}

var errorType = reflect.TypeFor[error]()

// failedCall are the results of a call of the given type that fails.
func failedCall(call reflect.Type, errno syscall.Errno) []reflect.Value {
	out := make([]reflect.Value, call.NumOut())
	for i := range out {
		t := call.Out(i)
		switch {
		case t == reflect.TypeFor[syscall.Errno]():
			out[i] = reflect.ValueOf(errno)
		case t == errorType:
			out[i] = reflect.New(t).Elem()
			out[i].Set(reflect.ValueOf(errno))
		case t.Kind() == reflect.Int:
			out[i] = reflect.ValueOf(-1)
		default:
			out[i] = reflect.Zero(t)
		}
	}
	return out
}

// shorten makes the arguments of a transfer ask for one byte.
func shorten(name string, args []reflect.Value) {
	switch p := args[1].Interface().(type) {
	case []byte:
		args[1] = reflect.ValueOf(p[:min(1, len(p))])
	case []unix.Iovec:
		one := []unix.Iovec{{Base: unsafe.SliceData(p).Base}}
		one[0].SetLen(1)
		args[1] = reflect.ValueOf(one)
	default: // sendfile and splice, whose last argument is a count
		args[len(args)-1] = reflect.ValueOf(1)
	}
}

// The two paces of a run. A case that goes wrong is played again slowly, with a clock that is no faster than the real one: on a
// busy machine the kernel, or a producer's goroutine, may take longer than a quick clock has patience.
const (
	quickMs = 1
	slowMs  = 25
)

// epollNs is what a look at epoll costs on the injector's clock.
const epollNs = 20_000

func (in *injector) now() int64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.nowNs
}

func (in *injector) advance(ns int64) {
	in.mu.Lock()
	in.nowNs += ns
	in.mu.Unlock()
}

// epollWait waits for paceMs at most. If nothing came in it, the time that it was to wait has passed.
func (in *injector) epollWait(epfd int, events []unix.EpollEvent, ms int) (int, syscall.Errno) {
	n, errno := in.real.EpollWait(epfd, events, min(ms, in.paceMs))
	if n == 0 && errno == 0 {
		in.jumps++
		in.advance(int64(ms) * int64(time.Millisecond))
	}
	in.advance(epollNs)
	return n, errno
}

// Every func of the seam goes through the injector: it is counted, and fails if it is to.
func TestInjectorWrapsEveryCall(t *testing.T) {
	var look func(v reflect.Value, path string)
	look = func(v reflect.Value, path string) {
		for i := range v.NumField() {
			name := path + v.Type().Field(i).Name
			if v.Field(i).Kind() == reflect.Struct {
				look(v.Field(i), name+".")
				continue
			}
			if name == "Now" {
				continue
			}
			in := newInjector(fault{k: 1, lasting: true, outcome: sys.Outcome{Errno: unix.EIO}}, quickMs)
			of := reflect.ValueOf(in.calls()).Elem()
			if path != "" {
				of = of.FieldByName(path[:len(path)-1])
			}
			call := of.FieldByName(v.Type().Field(i).Name)
			in.fault.call = name
			args := make([]reflect.Value, call.Type().NumIn())
			for i := range args {
				args[i] = reflect.Zero(call.Type().In(i))
			}
			if name == "EpollCtl" {
				args[1] = reflect.ValueOf(unix.EPOLL_CTL_ADD)
				in.fault.call += "(ADD)"
			}
			out := call.Call(args)
			if last := out[len(out)-1].Interface(); last != any(syscall.Errno(unix.EIO)) || in.hits != 1 || in.counts[anyCall] != 1 {
				t.Errorf("%s does not go through the injector: %v, counted %v", name, last, in.counts)
			}
		}
	}
	look(reflect.ValueOf(sys.System()).Elem(), "")
}

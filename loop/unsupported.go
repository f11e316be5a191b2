//go:build !linux

package loop

// The name says what is wrong, in the compiler's own error.
var _ = millrace_loop_needs_Linux_because_it_is_built_on_epoll

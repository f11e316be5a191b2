package main

// report is what a load prints. The comment of the program says what its fields are.
type report struct {
	Mode     string  `json:"mode"`
	Conns    int     `json:"conns"`
	Depth    int     `json:"depth"`
	Size     int     `json:"size"`
	Rate     float64 `json:"rate"`
	Seconds  float64 `json:"seconds"`
	Messages int64   `json:"messages"`
	Bytes    int64   `json:"bytes"`

	*serverReport

	LoadCPU    int64 `json:"load_cpu_ns"`
	LoadUser   int64 `json:"load_user_ns"`
	LoadSystem int64 `json:"load_system_ns"`

	NeverSent *int64     `json:"never_sent,omitempty"` // of an open loop
	Latency   *quantiles `json:"latency_ns,omitempty"`

	*memoryReport
}

// serverReport is what the server has used in the measured time.
type serverReport struct {
	CPU         int64  `json:"server_cpu_ns"`
	User        int64  `json:"server_user_ns"`
	System      int64  `json:"server_system_ns"`
	Voluntary   int64  `json:"server_voluntary_switches"`
	Involuntary int64  `json:"server_involuntary_switches"`
	Read        *int64 `json:"server_syscr,omitempty"`
	Written     *int64 `json:"server_syscw,omitempty"`
	Ended       int    `json:"server_threads_ended,omitempty"`
}

// memoryReport is the server's memory without connections and with idle ones, in bytes.
type memoryReport struct {
	Connections     int   `json:"connections"`
	ResidentBefore  int64 `json:"rss_before"`
	ResidentAfter   int64 `json:"rss_after"`
	AnonymousBefore int64 `json:"anon_before"`
	AnonymousAfter  int64 `json:"anon_after"`
}

// snapshot is what had been counted at one moment.
type snapshot struct {
	server   usage // without -pid nothing
	own      usage
	answered int64
	received int64
	givenUp  int64
	at       int64 // of the clock
}

// snapshot counts. The processes are read before the clock and the messages at the begin of the measured time and at
// its end alike: what happens while they are read is then left out once and counted once too much.
func (l *load) snapshot() (s snapshot, err error) {
	if l.options.pid > 0 {
		if s.server, err = process(l.options.pid).usage(); err != nil {
			return s, err
		}
	}
	if s.own, err = ownUsage(); err != nil {
		return s, err
	}
	if l.schedule != nil {
		s.givenUp = l.schedule.givenUp
	}
	s.answered, s.received, s.at = l.answered, l.received, l.clock()
	return s, nil
}

// newReport tells what happened from one snapshot to another.
func newReport(o *options, from, to snapshot) *report {
	own, _ := to.own.threadsSince(from.own)
	r := &report{
		Mode: o.mode, Conns: o.conns, Depth: o.depth, Size: o.size, Rate: o.rate,
		Seconds:    float64(to.at-from.at) / 1e9,
		Messages:   to.answered - from.answered,
		Bytes:      to.received - from.received,
		LoadCPU:    own.ran,
		LoadUser:   to.own.user - from.own.user,
		LoadSystem: to.own.system - from.own.system,
	}
	if o.pid > 0 {
		r.serverReport = newServerReport(from.server, to.server)
	}
	return r
}

// newServerReport does so for the part about the server.
func newServerReport(from, to usage) *serverReport {
	threads, ended := to.threadsSince(from)
	r := &serverReport{
		CPU:         threads.ran,
		User:        to.user - from.user,
		System:      to.system - from.system,
		Voluntary:   threads.voluntary,
		Involuntary: threads.involuntary,
		Ended:       ended,
	}
	if from.calls != nil && to.calls != nil {
		read, written := to.calls.read-from.calls.read, to.calls.written-from.calls.written
		r.Read, r.Written = &read, &written
	}
	return r
}

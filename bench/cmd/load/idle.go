package main

// sampled is how many idle connections have to echo at the end: about this many, equally far apart.
const sampled = 100

// measureIdle measures the memory that idle connections take.
func (l *load) measureIdle() (*report, error) {
	server := process(l.options.pid)
	before, err := server.memory()
	if err != nil {
		return nil, err
	}
	if err := l.openAll(); err != nil {
		return nil, err
	}
	from, err := l.snapshot()
	if err != nil {
		return nil, err
	}
	if err := l.run(from.at+int64(l.options.limits.settle), nil); err != nil {
		return nil, err
	}
	after, err := server.memory()
	if err != nil {
		return nil, err
	}
	to, err := l.snapshot()
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(l.conns); i += 1 + len(l.conns)/sampled {
		if err := l.exchange(&l.conns[i]); err != nil {
			return nil, err
		}
	}
	r := newReport(l.options, from, to)
	r.memoryReport = &memoryReport{
		Connections:    len(l.conns),
		ResidentBefore: before.resident, ResidentAfter: after.resident,
		AnonymousBefore: before.anonymous, AnonymousAfter: after.anonymous,
	}
	return r, nil
}

//go:build !linux

package producer

// Calls is empty where queues cannot write to a descriptor. There, First, Pop and More serve.
type Calls struct{}

type scratch struct{}

func (s *Sys) setDefaults() {}

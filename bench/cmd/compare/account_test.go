package main

import (
	"bytes"
	"strings"
	"testing"
)

// samples is what perf script prints of ten of them.
const samples = `
	ffffffff81 _raw_spin_unlock_irqrestore
	ffffffff82 sock_def_readable
	ffffffff83 net_rx_action
	ffffffff84 tcp_sendmsg_locked
	ffffffff85 __x64_sys_sendto
	ffffffff86 entry_SYSCALL_64_after_hwframe
	    4011aa internal/runtime/syscall/linux.Syscall6
	    4011ab github.com/millrace-net/millrace/loop.(*Conn).flush

` + "\tffffffff83 net_rx_action\n\tffffffff84 tcp_sendmsg_locked\n\tffffffff86 entry_SYSCALL_64_after_hwframe\n\n" +
	"\tffffffff83 tcp_recvmsg\n\tffffffff86 entry_SYSCALL_64_after_hwframe\n\n" +
	"\tffffffff83 do_syscall_64\n\tffffffff86 entry_SYSCALL_64_after_hwframe\n\n" +
	"\tffffffff83 handle_softirqs\n\tffffffff86 asm_sysvec_apic_timer_interrupt\n\t 40 main.work\n\n" +
	"\t 40 github.com/millrace-net/millrace/loop.(*Conn).Push\n\t 41 main.work\n\n" +
	"\t 40 github.com/millrace-net/millrace/loop.(*Conn).Push\n\n\t 41 main.work\n\n\t 41 main.work\n\n\t 41 main.work\n"

// Each sample belongs to one part, and the parts of a message add up to what it cost.
func TestAccount(t *testing.T) {
	a, err := newAccount(strings.NewReader(samples))
	if err != nil || a.samples != 10 || sum(a.kernel)+sum(a.user) != 10 {
		t.Fatalf("%+v, %v", a, err)
	}
	var b bytes.Buffer
	writeProfile(&b, "a cell", []column{{"one", a, 1000}, {"two", a, 20}})
	for _, want := range []string{
		"a cell, ns a message\n\n| | one | two |\n| --- | --- | --- |\n| all | 1000 | 20.0 |\n",
		"| kernel: waking the peer | 100 | 2.0 |", "| kernel: delivery to the peer's socket | 100 | 2.0 |",
		"| kernel: receive, in TCP | 100 | 2.0 |", "| kernel: interrupts | 100 | 2.0 |",
		"| kernel: entry, exit and other calls | 100 | 2.0 |", "| user | 500 | 10.0 |",
		"| main.work | 300 | |", "| loop.(*Conn).Push | 200 | |", "| main.work | | 6.0 |",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

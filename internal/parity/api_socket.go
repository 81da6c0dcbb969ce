//go:build linux && cgo

package parity

import (
	"math"
	"syscall"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/genl"
)

var socketVerbs = map[string]verb{
	"nl_socket_alloc": {2, func(a *api, w []string) {
		sk, err := libnl.SocketAlloc()
		must(err)
		a.nameSocket(w, sk)
	}},
	"nl_socket_alloc_cb": {3, func(a *api, w []string) {
		sk, err := libnl.SocketAllocCb(a.cbAt(w, 2))
		must(err)
		a.nameSocket(w, sk)
	}},
	"nl_socket_free": {2, func(a *api, w []string) {
		a.done(a.sock(w, 1).Free())
		forget[*libnl.Socket](a, w, 1)
	}},
	"nl_connect":               {3, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).Connect(num(w, 2))) }},
	"genl_connect":             {2, func(a *api, w []string) { a.sayRet(0, genl.Connect(a.sock(w, 1))) }},
	"nl_close":                 {2, func(a *api, w []string) { a.done(a.sock(w, 1).Close()) }},
	"nl_socket_set_local_port": {3, func(a *api, w []string) { a.done(a.sock(w, 1).SetLocalPort(a.namedPort(w[2]))) }},
	"nl_socket_get_local_port": {2, func(a *api, w []string) { a.sayPort(a.sock(w, 1).GetLocalPort()) }},
	"nl_socket_set_peer_port":  {3, func(a *api, w []string) { a.sock(w, 1).SetPeerPort(a.namedPort(w[2])) }},
	"nl_socket_get_peer_port":  {2, func(a *api, w []string) { a.sayPort(a.sock(w, 1).GetPeerPort()) }},
	"nl_socket_set_peer_groups": {3, func(a *api, w []string) {
		a.sock(w, 1).SetPeerGroups(uint32(number(w[2])))
	}},
	"nl_socket_get_peer_groups": {2, func(a *api, w []string) { a.say(" = %s", hexOf(a.sock(w, 1).GetPeerGroups())) }},
	"nl_socket_get_fd": {2, func(a *api, w []string) {
		if fd := a.sock(w, 1).GetFd(); fd < 0 {
			a.say(" = %d", fd)
			return
		}
		a.say(" = open")
	}},
	"nl_socket_set_fd": {4, func(a *api, w []string) {
		raw := get[*rawSocket](a, w, 3)
		err := a.sock(w, 1).SetFd(num(w, 2), raw.fd)
		a.sayRet(0, err)
		if err == nil { // the socket closes it from now on
			raw.fd = -1
		}
	}},
	"set_no_fd":         {3, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).SetFd(num(w, 2), -1)) }},
	"nl_socket_use_seq": {2, func(a *api, w []string) { a.say(" = %+d", int32(a.sock(w, 1).UseSeq()-a.base)) }},
	"exhaust":           {1, (*api).exhaust},
	"free_ports":        {2, (*api).freePorts},
	"take_ports":        {3, (*api).takePorts},
}

func (a *api) nameSocket(w []string, sk *libnl.Socket) {
	nth := count[*libnl.Socket](a)
	give(a, w, 1, sk)
	a.learnBase(sk, nth)
}

func (a *api) sayPort(port uint32) { a.say(" = %s", a.portName(port)) }

// usedUpPorts is what exhaust and its like have.
type usedUpPorts struct {
	many      []*libnl.Socket
	givenBack []uint32
}

// exhaust uses up the ports that libnl has for a process.
func (a *api) exhaust([]string) {
	a.givenBack = nil
	for range 1100 {
		sk, err := libnl.SocketAlloc()
		must(err)
		if sk.GetLocalPort() == math.MaxUint32 {
			must(sk.Free())
			a.say(" = used up")
			return
		}
		a.many = append(a.many, sk)
	}
	a.say(" = there is no end")
}

// freePorts gives some of them back.
func (a *api) freePorts(w []string) {
	for n := num(w, 1); n > 0 && len(a.many) > 0; n-- {
		first := a.many[0]
		a.many = a.many[1:]
		a.givenBack = append(a.givenBack, first.GetLocalPort())
		must(first.Free())
	}
}

func (a *api) freeMany() { a.freePorts([]string{"", "1100"}) }

// takePorts lets somebody else have the first of those that were given back.
func (a *api) takePorts(w []string) {
	for i := 0; i < num(w, 2) && i < len(a.givenBack); i++ {
		fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, num(w, 1))
		must(err)
		give(a, w, 3+i, &rawSocket{fd})
		must(syscall.Bind(fd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Pid: a.givenBack[i]}))
	}
}

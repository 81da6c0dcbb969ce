//go:build linux && cgo

package parity

import (
	"strings"
	"syscall"
	"unsafe"

	"github.com/golibnl/golibnl/libnl"
)

// rawSocket is a peer: a plain socket.
type rawSocket struct{ fd int }

func (r *rawSocket) close() { _ = syscall.Close(r.fd) }

var rawVerbs = map[string]verb{
	"raw":     {3, (*api).raw},
	"unbound": {5, (*api).unbound},
	"raw_close": {2, func(a *api, w []string) {
		get[*rawSocket](a, w, 1).close()
		forget[*rawSocket](a, w, 1)
	}},
	"raw_send":    {4, (*api).rawSend},
	"raw_recv":    {2, (*api).rawRecv},
	"sockname":    {2, (*api).sockname},
	"memberships": {2, (*api).memberships},
	"sockopt":     {3, (*api).sockopt},
}

func (a *api) newRaw(w []string, family, typ, proto int) int {
	fd, err := syscall.Socket(family, typ|syscall.SOCK_CLOEXEC|syscall.SOCK_NONBLOCK, proto)
	must(err)
	give(a, w, 1, &rawSocket{fd})
	return fd
}

func (a *api) raw(w []string) {
	fd := a.newRaw(w, syscall.AF_NETLINK, syscall.SOCK_RAW, num(w, 2))
	addr := &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}
	if len(w) > 3 {
		addr.Pid = a.namedPort(w[3])
	}
	if len(w) > 4 {
		addr.Groups = uint32(number(w[4]))
	}
	must(syscall.Bind(fd, addr))
	name, err := syscall.Getsockname(fd)
	must(err)
	a.sayPort(name.(*syscall.SockaddrNetlink).Pid)
}

func (a *api) unbound(w []string) {
	family, typ := syscall.AF_INET, syscall.SOCK_RAW
	if w[2] == "netlink" {
		family = syscall.AF_NETLINK
	}
	if w[3] == "dgram" {
		typ = syscall.SOCK_DGRAM
	}
	a.newRaw(w, family, typ, num(w, 4))
}

func (a *api) rawSend(w []string) {
	to := &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}
	switch name, value, _ := strings.Cut(w[2], "="); name {
	case "to":
		to.Pid = a.namedPort(value)
	case "group":
		to.Groups = uint32(number(value))
	}
	b := a.stream(w, 3)
	if syscall.Sendto(get[*rawSocket](a, w, 1).fd, b, 0, to) != nil {
		a.say(" = failed")
		return
	}
	a.say(" = %d", len(b))
}

func (a *api) rawRecv(w []string) {
	buf := make([]byte, 1<<16)
	for {
		n, from, err := syscall.Recvfrom(get[*rawSocket](a, w, 1).fd, buf, syscall.MSG_DONTWAIT)
		if err != nil {
			return
		}
		nl := from.(*syscall.SockaddrNetlink)
		a.trace("%s", w[1])
		a.traceAddr(libnl.SockaddrNl{NlFamily: nl.Family, NlPid: nl.Pid, NlGroups: nl.Groups})
		a.trace("\n")
		a.traceStream(w[1], buf[:n])
	}
}

func (a *api) sockname(w []string) {
	name, err := syscall.Getsockname(a.sock(w, 1).GetFd())
	if err != nil {
		a.say(" = none")
		return
	}
	nl := name.(*syscall.SockaddrNetlink)
	a.say(" = %s/%s", a.portName(nl.Pid), hexOf(nl.Groups))
}

const (
	solNetlink             = 270
	netlinkPktinfo         = 3
	netlinkListMemberships = 9
)

// memberships are the groups that the kernel has for the socket.
func (a *api) memberships(w []string) {
	var mask [8]uint32
	size := uint32(unsafe.Sizeof(mask))
	_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(a.sock(w, 1).GetFd()), solNetlink,
		netlinkListMemberships, uintptr(unsafe.Pointer(&mask)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		a.say(" = none")
		return
	}
	a.say(" =")
	for i := range 256 {
		if mask[i/32]&(1<<(i%32)) != 0 {
			a.say(" %d", i+1)
		}
	}
}

func (a *api) sockopt(w []string) {
	fd := a.sock(w, 1).GetFd()
	option, ok := map[string][2]int{
		"rcvbuf": {syscall.SOL_SOCKET, syscall.SO_RCVBUF}, "sndbuf": {syscall.SOL_SOCKET, syscall.SO_SNDBUF},
		"passcred": {syscall.SOL_SOCKET, syscall.SO_PASSCRED}, "pktinfo": {solNetlink, netlinkPktinfo},
	}[w[2]]
	if w[2] == "nonblock" {
		flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFL, 0)
		a.say(" = %d", yes(errno == 0 && flags&syscall.O_NONBLOCK != 0))
		return
	}
	if !ok {
		fail("no such option: %s", w[2])
	}
	v, err := syscall.GetsockoptInt(fd, option[0], option[1])
	if err != nil {
		v = -1
	}
	a.say(" = %d", v)
}

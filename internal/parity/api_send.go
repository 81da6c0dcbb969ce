//go:build linux && cgo

package parity

import (
	"fmt"
	"strings"
	"syscall"

	"github.com/golibnl/golibnl/libnl"
)

var sendVerbs = map[string]verb{
	"nl_complete_msg":       {3, func(a *api, w []string) { a.done(a.sock(w, 1).CompleteMsg(a.msg(w, 2))) }},
	"nl_auto_complete":      {3, func(a *api, w []string) { a.done(a.sock(w, 1).AutoComplete(a.msg(w, 2))) }}, //nolint:staticcheck // old names are bound, too
	"nl_send":               {3, func(a *api, w []string) { a.sayRet(a.sock(w, 1).Send(a.msg(w, 2))) }},
	"nl_send_auto":          {3, func(a *api, w []string) { a.sayRet(a.sock(w, 1).SendAuto(a.msg(w, 2))) }},
	"nl_send_auto_complete": {3, func(a *api, w []string) { a.sayRet(a.sock(w, 1).SendAutoComplete(a.msg(w, 2))) }}, //nolint:staticcheck // see above
	"nl_send_sync": {3, func(a *api, w []string) {
		msg := a.msg(w, 2)
		forget[*libnl.Msg](a, w, 2)
		a.sayRet(0, a.sock(w, 1).SendSync(msg))
	}},
	"nl_send_simple": {5, func(a *api, w []string) {
		a.sayRet(a.sock(w, 1).SendSimple(num(w, 2), num(w, 3), bytesArg(w, 4)))
	}},
	"nl_sendto": {3, func(a *api, w []string) { a.sayRet(a.sock(w, 1).Sendto(a.stream(w, 2))) }},
	"nl_send_iovec": {3, func(a *api, w []string) {
		a.sayRet(a.sock(w, 1).SendIovec(a.msg(w, 2), a.parts(w, 3)))
	}},
	"nl_sendmsg": {4, func(a *api, w []string) {
		hdr := &libnl.Msghdr{Iov: a.parts(w, 4)}
		if to := a.addrArg(w, 3); to.NlFamily != 0 {
			hdr.Name = &to
		}
		a.sayRet(a.sock(w, 1).Sendmsg(a.msg(w, 2), hdr))
	}},
	"nl_recv":             {2, (*api).receive},
	"nl_recvmsgs":         {3, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).Recvmsgs(a.cbAt(w, 2))) }},
	"nl_recvmsgs_report":  {3, func(a *api, w []string) { a.sayRet(a.sock(w, 1).RecvmsgsReport(a.cbAt(w, 2))) }},
	"nl_recvmsgs_default": {2, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).RecvmsgsDefault()) }},
	"nl_wait_for_ack":     {2, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).WaitForAck()) }},
}

// parts are bytes in hexadecimal, or those of the message that a name stands for.
func (a *api) parts(w []string, word int) (iov [][]byte) {
	for i := word; i < len(w); i++ {
		if c := w[i][0]; c >= 'A' && c <= 'Z' {
			iov = append(iov, a.msg(w, i).Hdr().Bytes())
		} else {
			iov = append(iov, bytesArg(w, i))
		}
	}
	return iov
}

// addrArg is PORT/GROUPS, of family AF_NETLINK, or none.
func (a *api) addrArg(w []string, word int) (addr libnl.SockaddrNl) {
	port, groups, ok := strings.Cut(w[word], "/")
	if ok {
		addr = libnl.SockaddrNl{NlFamily: syscall.AF_NETLINK, NlPid: a.namedPort(port), NlGroups: uint32(number(groups))}
	}
	return addr
}

func (a *api) receive(w []string) {
	buf, from, creds, err := a.sock(w, 1).Recv()
	if err == nil && len(buf) > 0 {
		a.trace("got")
		a.traceAddr(from)
		a.traceCreds(creds)
		a.trace("\n")
		a.traceStream("got", buf)
	}
	a.sayRet(len(buf), err)
}

// credsOf is how credentials are written, PID being "me" for this process.
func credsOf(c *libnl.Ucred, me int) string {
	if c == nil {
		return "none"
	}
	pid := fmt.Sprint(c.Pid)
	if int(c.Pid) == me {
		pid = "me"
	}
	return fmt.Sprintf("%s/%d/%d", pid, c.Uid, c.Gid)
}

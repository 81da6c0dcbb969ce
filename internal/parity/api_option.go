//go:build linux && cgo

package parity

import (
	"fmt"
)

var optionVerbs = map[string]verb{
	"nl_socket_add_memberships": {3, func(a *api, w []string) {
		a.sayRet(0, a.sock(w, 1).AddMemberships(groupsArg(w)...))
	}},
	"nl_socket_drop_memberships": {3, func(a *api, w []string) {
		a.sayRet(0, a.sock(w, 1).DropMemberships(groupsArg(w)...))
	}},
	"nl_socket_add_membership":  {3, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).AddMembership(num(w, 2))) }},
	"nl_socket_drop_membership": {3, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).DropMembership(num(w, 2))) }},
	"nl_join_groups":            {3, func(a *api, w []string) { a.done(a.sock(w, 1).JoinGroups(uint32(num(w, 2)))) }},
	"nl_socket_set_buffer_size": {4, func(a *api, w []string) {
		a.sayRet(0, a.sock(w, 1).SetBufferSize(num(w, 2), num(w, 3)))
	}},
	"nl_socket_set_msg_buf_size": {3, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).SetMsgBufSize(num(w, 2))) }},
	"nl_socket_get_msg_buf_size": {2, func(a *api, w []string) { a.say(" = %d", a.sock(w, 1).GetMsgBufSize()) }},
	"nl_socket_set_passcred":     {3, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).SetPasscred(num(w, 2) != 0)) }},
	"nl_socket_recv_pktinfo":     {3, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).RecvPktinfo(num(w, 2) != 0)) }},
	"nl_socket_set_nonblocking":  {2, func(a *api, w []string) { a.sayRet(0, a.sock(w, 1).SetNonblocking()) }},
	"nl_socket_enable_msg_peek":  {2, func(a *api, w []string) { a.sock(w, 1).EnableMsgPeek() }},
	"nl_socket_disable_msg_peek": {2, func(a *api, w []string) { a.sock(w, 1).DisableMsgPeek() }},
	"nl_socket_enable_auto_ack":  {2, func(a *api, w []string) { a.sock(w, 1).EnableAutoAck() }},
	"nl_socket_disable_auto_ack": {2, func(a *api, w []string) { a.sock(w, 1).DisableAutoAck() }},
	"nl_socket_disable_seq_check": {2, func(a *api, w []string) {
		a.done(a.sock(w, 1).DisableSeqCheck())
	}},
}

func groupsArg(w []string) (groups []int) {
	for i := range w[2:] {
		groups = append(groups, num(w, 2+i))
	}
	return groups
}

// hexOf writes a number as C's %#x does.
func hexOf[T ~int | ~uint16 | ~uint32](n T) string {
	if n == 0 {
		return "0"
	}
	return fmt.Sprintf("%#x", n)
}

//go:build linux && cgo

package parity

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/golibnl/golibnl/libnl"
)

var msgVerbs = map[string]verb{
	"nlmsg_alloc": {2, func(a *api, w []string) {
		m, err := libnl.NlmsgAlloc()
		a.giveMsg(w, m, err)
	}},
	"nlmsg_alloc_size": {3, func(a *api, w []string) {
		m, err := libnl.NlmsgAllocSize(num(w, 2))
		a.giveMsg(w, m, err)
	}},
	"nlmsg_alloc_simple": {4, func(a *api, w []string) {
		m, err := libnl.NlmsgAllocSimple(num(w, 2), num(w, 3))
		a.giveMsg(w, m, err)
	}},
	"nlmsg_set_default_size": {2, func(a *api, w []string) { a.done(libnl.NlmsgSetDefaultSize(num(w, 1))) }},
	"nlmsg_inherit": {3, func(a *api, w []string) {
		m, err := libnl.NlmsgInherit(a.hdrOf(w, 2))
		a.giveMsg(w, m, err)
	}},
	"nlmsg_convert": {3, func(a *api, w []string) {
		m, err := libnl.NlmsgConvert(a.hdrOf(w, 2))
		a.giveMsg(w, m, err)
	}},
	"nlmsg_free": {2, func(a *api, w []string) {
		a.done(a.msg(w, 1).Free())
		forget[*libnl.Msg](a, w, 1)
	}},
	"nlmsg_get": {3, func(a *api, w []string) {
		m, err := a.msg(w, 2).Get()
		a.giveMsg(w, m, err)
	}},
	"nlmsg_put": {7, func(a *api, w []string) {
		_, err := a.msg(w, 1).Put(a.namedPort(w[2]), *a.seqOf(w[3]), num(w, 4), num(w, 5), num(w, 6))
		a.sayMade(err, "a header")
	}},
	"nlmsg_append": {4, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).Append(bytesArg(w, 2), num(w, 3))) }},
	"nlmsg_reserve": {4, func(a *api, w []string) {
		room, err := a.msg(w, 1).Reserve(num(w, 2), num(w, 3))
		a.sayMade(err, "room")
		if err == nil {
			must(room.Write(bytes.Repeat([]byte{0xa5}, num(w, 2))))
		}
	}},
	"nlmsg_expand": {3, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).Expand(num(w, 2))) }},
	"nlmsg_get_max_size": {2, func(a *api, w []string) {
		if n := a.msg(w, 1).GetMaxSize(); n != os.Getpagesize() {
			a.say(" = %d", n)
			return
		}
		a.say(" = a page")
	}},
	"nlmsg_set_proto": {3, func(a *api, w []string) { a.msg(w, 1).SetProto(num(w, 2)) }},
	"nlmsg_get_proto": {2, func(a *api, w []string) { a.say(" = %d", a.msg(w, 1).GetProto()) }},
	"nlmsg_set_src":   {3, func(a *api, w []string) { a.msg(w, 1).SetSrc(a.addrArg(w, 2)) }},
	"nlmsg_get_src":   {2, func(a *api, w []string) { a.sayAddr(a.msg(w, 1).GetSrc()) }},
	"nlmsg_set_dst":   {3, func(a *api, w []string) { a.msg(w, 1).SetDst(a.addrArg(w, 2)) }},
	"nlmsg_get_dst":   {2, func(a *api, w []string) { a.sayAddr(a.msg(w, 1).GetDst()) }},
	"nlmsg_set_creds": {3, func(a *api, w []string) {
		var c libnl.Ucred
		_, err := fmt.Sscanf(strings.Replace(w[2], "me/", fmt.Sprint(os.Getpid(), "/"), 1), "%d/%d/%d", &c.Pid, &c.Uid, &c.Gid)
		must(err)
		a.msg(w, 1).SetCreds(c)
	}},
	"nlmsg_get_creds": {2, func(a *api, w []string) { a.say(" = %s", credsOf(a.msg(w, 1).GetCreds(), os.Getpid())) }},
	"set_hdr":         {4, (*api).setHdr},
	"show":            {2, (*api).show},
	"headers":         {2, (*api).headers},
	"nlmsg_attrlen": {2, func(a *api, w []string) {
		h := a.hdrOf(w, 1)
		a.say(" = %d", h.Attrlen(int(h.NlmsgLen)-libnl.NLMSG_HDRLEN+4))
	}},
	"sizes": {1, (*api).sizes},
	"nl_msg_dump": {2, func(a *api, w []string) {
		var text bytes.Buffer
		a.done(a.msg(w, 1).Dump(&text))
		a.traceLines(text.String())
	}},
}

func (a *api) giveMsg(w []string, m *libnl.Msg, err error) {
	must(err)
	give(a, w, 1, m)
}

// hdrOf is the first of the messages of the words from there on.
func (a *api) hdrOf(w []string, word int) *libnl.Nlmsghdr {
	h, err := libnl.NlmsghdrFrom(a.stream(w, word))
	must(err)
	return h
}

// sayMade is for functions that return NULL if they fail.
func (a *api) sayMade(err error, what string) {
	if err != nil {
		what = "none"
	}
	a.say(" = %s", what)
}

func (a *api) sayAddr(addr libnl.SockaddrNl) {
	a.say(" = %d/%s/%d", addr.NlFamily, a.portName(addr.NlPid), addr.NlGroups)
}

func (a *api) traceLines(text string) {
	for line := range strings.Lines(text) {
		a.trace("| %s\n", strings.TrimSuffix(line, "\n"))
	}
}

// setHdr writes what a program in C writes through the pointer that nlmsg_hdr returns.
func (a *api) setHdr(w []string) {
	h := a.msg(w, 1).Hdr()
	switch w[2] {
	case "len":
		h.NlmsgLen = uint32(num(w, 3))
	case "type":
		h.NlmsgType = uint16(num(w, 3))
	case "flags":
		h.NlmsgFlags = uint16(num(w, 3))
	case "seq":
		h.NlmsgSeq = *a.seqOf(w[3])
	case "pid":
		h.NlmsgPid = a.namedPort(w[3])
	default:
		fail("no such field: %s", w[2])
	}
	a.done(a.msg(w, 1).SetHdr(h))
}

// show tells all that a message has.
func (a *api) show(w []string) {
	m := a.msg(w, 1)
	h := m.Hdr()
	size := m.GetMaxSize()
	if size == os.Getpagesize() {
		size = 0
	}
	a.trace("%s", w[1])
	a.traceMsg(m)
	a.trace(" max=%d tail=%d datalen=%d", size, h.Tail(), h.Datalen())
	a.sayBytes(h.Data()[:min(h.Datalen(), 256)])
	a.trace("\n")
}

// headers is what the header's functions say of a message for protocol headers of each length up to its own.
func (a *api) headers(w []string) {
	b := a.stream(w, 1)
	h := a.hdrOf(w, 1)
	for hdrlen := 0; hdrlen <= int(h.NlmsgLen)-libnl.NLMSG_HDRLEN; hdrlen += 4 {
		n := h.Attrlen(hdrlen)
		a.trace("hdrlen %d: valid=%d attrs at %d, %d bytes\n", hdrlen, yes(h.ValidHdr(hdrlen)), int(h.NlmsgLen)-n, n)
	}
	rest := b
	for ; libnl.NlmsgOk(rest); rest = libnl.NlmsgNext(rest) {
		h, err := libnl.NlmsghdrFrom(rest)
		must(err)
		a.trace("at %d: len=%d, data at %d, %d bytes\n", len(b)-len(rest), h.NlmsgLen, libnl.NLMSG_HDRLEN, h.Datalen())
	}
	a.trace("rest %d\n", len(rest))
}

func (a *api) sizes([]string) {
	for n := range 70 {
		a.trace("%d: nlmsg %d %d %d nla %d %d %d\n", n, libnl.NlmsgSize(n), libnl.NlmsgTotalSize(n), libnl.NlmsgPadlen(n),
			libnl.NlaAttrSize(n), libnl.NlaTotalSize(n), libnl.NlaPadlen(n))
	}
}

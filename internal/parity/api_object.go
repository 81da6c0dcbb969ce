//go:build linux && cgo

package parity

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"syscall"

	"github.com/golibnl/golibnl/libnl"
)

var objectVerbs = map[string]verb{
	"link":   {5, (*api).makeLink},
	"route6": {3, (*api).makeRoute},
	"nl_msg_parse": {3, func(a *api, w []string) {
		a.giveObject(w, a.parseMsg(a.msg(w, 2)))
	}},
	"nl_object_alloc_name": {3, func(a *api, w []string) {
		o, err := libnl.ObjectAllocName(w[2])
		a.sayRet(0, err)
		a.giveObject(w, o)
	}},
	"nl_object_alloc": {3, func(a *api, w []string) {
		o, err := libnl.ObjectAlloc(a.obj(w, 2).GetOps())
		must(err)
		a.giveObject(w, o)
	}},
	"nl_object_clone": {3, func(a *api, w []string) {
		o, err := a.obj(w, 2).Clone()
		must(err)
		a.giveObject(w, o)
	}},
	"nl_object_get": {3, func(a *api, w []string) {
		o, err := a.obj(w, 2).Get()
		must(err)
		a.giveObject(w, o)
	}},
	"nl_object_put": {2, func(a *api, w []string) {
		a.done(a.obj(w, 1).Put())
		forget[*libnl.Object](a, w, 1)
	}},
	"nl_object_free": {2, func(a *api, w []string) {
		a.done(a.obj(w, 1).Free())
		forget[*libnl.Object](a, w, 1)
	}},
	"nl_object_get_refcnt": {2, func(a *api, w []string) {
		a.say(" = %d shared=%d", a.obj(w, 1).GetRefcnt(), yes(a.obj(w, 1).Shared()))
	}},
	"nl_object_mark":      {2, func(a *api, w []string) { a.obj(w, 1).Mark() }},
	"nl_object_unmark":    {2, func(a *api, w []string) { a.obj(w, 1).Unmark() }},
	"nl_object_is_marked": {2, func(a *api, w []string) { a.say(" = %d", yes(a.obj(w, 1).IsMarked())) }},
	"nl_object_identical": {3, func(a *api, w []string) { a.say(" = %d", yes(a.obj(w, 1).Identical(a.obj(w, 2)))) }},
	"nl_object_diff": {3, func(a *api, w []string) {
		d := a.obj(w, 1).Diff(a.obj(w, 2))
		a.say(" = %s %s", hexOf(int(d)), a.obj(w, 1).Attrs2str(d))
	}},
	"nl_object_diff64":       {3, func(a *api, w []string) { a.say(" = %s", hexOf(int(a.obj(w, 1).Diff64(a.obj(w, 2))))) }},
	"nl_object_match_filter": {3, func(a *api, w []string) { a.say(" = %d", yes(a.obj(w, 1).MatchFilter(a.obj(w, 2)))) }},
	"nl_object_update":       {3, func(a *api, w []string) { a.sayRet(0, a.obj(w, 1).Update(a.obj(w, 2))) }},
	"nl_object_attr_list":    {2, func(a *api, w []string) { a.say(" = %s", a.obj(w, 1).AttrList()) }},
	"nl_object_get_type": {2, func(a *api, w []string) {
		a.say(" = %s message type %d", a.obj(w, 1).GetType(), a.obj(w, 1).GetMsgtype())
	}},
	"nl_object_get_id_attrs": {2, func(a *api, w []string) { a.say(" = %s", hexOf(int(a.obj(w, 1).GetIdAttrs()))) }},
	"nl_object_keygen": {3, func(a *api, w []string) {
		key, err := a.obj(w, 1).Keygen(uint32(num(w, 2)))
		must(err)
		a.say(" = %d", key)
	}},
	"nl_object_get_cache": {2, func(a *api, w []string) { a.say(" = %s", a.cacheName(a.obj(w, 1).GetCache())) }},
	"same_ops":            {3, func(a *api, w []string) { a.say(" = %d", yes(a.obj(w, 1).GetOps() == a.obj(w, 2).GetOps())) }},
	"nl_object_dump": {3, func(a *api, w []string) {
		a.traceLines(dumped(a.obj(w, 1).Dump, libnl.DumpType(num(w, 2))))
	}},
	"nl_object_dump_buf": {3, func(a *api, w []string) {
		text, err := a.obj(w, 1).DumpBuf(num(w, 2))
		must(err)
		a.say(" [%s]", text)
	}},
	"show_object": {2, func(a *api, w []string) { a.say(" %s", object(a.obj(w, 1))) }},
}

func (a *api) obj(w []string, i int) *libnl.Object { return get[*libnl.Object](a, w, i) }

// giveObject names an object, if there is one.
func (a *api) giveObject(w []string, o *libnl.Object) {
	if o != nil {
		give(a, w, 1, o)
	}
}

// dumped is what a function writes that dumps, less the end of its last line.
func dumped(dump func(*libnl.DumpParams) error, typ libnl.DumpType) string {
	var b bytes.Buffer
	must(dump(&libnl.DumpParams{DpType: typ, DpFd: &b}))
	return strings.TrimSuffix(b.String(), "\n")
}

// object is an object in a line of C's.
func object(o *libnl.Object) string {
	if o == nil {
		return "[none]"
	}
	return "[" + dumped(o.Dump, libnl.NL_DUMP_LINE) + "]"
}

func (a *api) parseMsg(m *libnl.Msg) (got *libnl.Object) {
	err := m.Parse(func(o *libnl.Object) {
		var err error
		got, err = o.Get()
		must(err)
	})
	if err != nil {
		a.sayRet(0, err)
	}
	return got
}

// makeLink is link O INDEX NAME MTU [del|get].
func (a *api) makeLink(w []string) {
	typ := syscall.RTM_NEWLINK
	if len(w) > 5 {
		typ = map[string]int{"del": syscall.RTM_DELLINK, "get": syscall.RTM_GETLINK}[w[5]]
	}
	m, err := libnl.NlmsgAllocSimple(typ, 0)
	must(err)
	ifi := make([]byte, syscall.SizeofIfInfomsg)
	binary.NativeEndian.PutUint16(ifi[2:], 1)
	binary.NativeEndian.PutUint32(ifi[4:], uint32(num(w, 2)))
	must(m.Append(ifi, libnl.NLMSG_ALIGNTO))
	must(m.NlaPutString(syscall.IFLA_IFNAME, w[3]))
	must(m.NlaPutU32(syscall.IFLA_MTU, uint32(num(w, 4))))
	m.SetProto(libnl.NETLINK_ROUTE)
	a.giveObject(w, a.parseMsg(m))
	must(m.Free())
}

// makeRoute is route6 O GATEWAY [del]: to 2001:db8::/64.
func (a *api) makeRoute(w []string) {
	typ := syscall.RTM_NEWROUTE
	if len(w) > 3 {
		typ = syscall.RTM_DELROUTE
	}
	m, err := libnl.NlmsgAllocSimple(typ, 0)
	must(err)
	must(m.Append([]byte{
		syscall.AF_INET6, 64, 0, 0, syscall.RT_TABLE_MAIN, syscall.RTPROT_STATIC, 0, syscall.RTN_UNICAST, 0, 0, 0, 0,
	}, libnl.NLMSG_ALIGNTO))
	dst, gateway := netip.MustParseAddr("2001:db8::").As16(), netip.MustParseAddr(w[2]).As16()
	must(m.NlaPut(syscall.RTA_DST, dst[:]))
	must(m.NlaPut(syscall.RTA_GATEWAY, gateway[:]))
	must(m.NlaPutU32(syscall.RTA_OIF, 1))
	m.SetProto(libnl.NETLINK_ROUTE)
	a.giveObject(w, a.parseMsg(m))
	must(m.Free())
}

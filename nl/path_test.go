package nl

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// attr returns an attribute with a payload of the parts, padded. A type with NLA_F_NESTED makes it a nest.
func attr(typ uint16, parts ...[]byte) []byte {
	payload := slices.Concat(parts...)
	b := binary.NativeEndian.AppendUint16(nil, uint16(unix.NLA_HDRLEN+len(payload)))
	b = append(binary.NativeEndian.AppendUint16(b, typ), payload...)
	return append(b, make([]byte, align(len(b))-len(b))...)
}

// native returns numbers in the machine's byte order, such as the length and type of an attribute's header.
func native(numbers ...uint16) (b []byte) {
	for _, n := range numbers {
		b = binary.NativeEndian.AppendUint16(b, n)
	}
	return b
}

func TestPathString(t *testing.T) {
	require.Equal(t, "18/2/5", Path{18, 2, 5}.String())
	require.Equal(t, "65535", Path{65535}.String())
	require.Empty(t, Path{}.String())
}

func TestAttributePath(t *testing.T) {
	const nested, net = unix.NLA_F_NESTED, unix.NLA_F_NET_BYTEORDER
	first, second := attr(1, u32(7)), attr(2|net, u32(8))             // 8 bytes each
	flagged := attr(3|nested, first, attr(4|nested, second))          // 4 + 8 + (4 + 8)
	plain := attr(3, first, attr(4, second))                          // the same, without the flags
	text := attr(5, []byte("no attributes in here at all"))           // 4 + 28
	hop := attr(9, append(native(16), 0, 0), u32(1), attr(5, u32(1))) // a struct rtnexthop and its attributes
	for name, c := range map[string]struct {
		family, typ int
		header      []byte
		attrs       []byte
		offset      int // from the end of the header
		want        Path
	}{
		"route, first":          {unix.NETLINK_ROUTE, unix.RTM_NEWADDR, make([]byte, 8), slices.Concat(first, second), 0, Path{1}},
		"route, second":         {unix.NETLINK_ROUTE, unix.RTM_NEWADDR, make([]byte, 8), slices.Concat(first, second), 8, Path{2}},
		"link":                  {unix.NETLINK_ROUTE, unix.RTM_SETLINK, make([]byte, 16), slices.Concat(text, flagged), 32 + 16, Path{3, 4, 2}},
		"nest":                  {unix.NETLINK_ROUTE, unix.RTM_NEWLINK, make([]byte, 16), flagged, 12, Path{3, 4}},
		"nest without flag":     {unix.NETLINK_ROUTE, unix.RTM_NEWLINK, make([]byte, 16), plain, 16, Path{3, 4, 2}},
		"qdisc":                 {unix.NETLINK_ROUTE, unix.RTM_NEWQDISC, make([]byte, 20), first, 0, Path{1}},
		"tunnel":                {unix.NETLINK_ROUTE, unix.RTM_GETTUNNEL, make([]byte, 8), first, 0, Path{1}},
		"no padding":            {unix.NETLINK_ROUTE, unix.RTM_NEWADDR, make([]byte, 8), slices.Concat(first, append(native(5, 6), 1)), 8, Path{6}},
		"within a payload":      {unix.NETLINK_ROUTE, unix.RTM_NEWADDR, make([]byte, 8), slices.Concat(first, text), 16, nil},
		"within the header":     {unix.NETLINK_ROUTE, unix.RTM_NEWADDR, make([]byte, 8), first, -4, nil},
		"before the header":     {unix.NETLINK_ROUTE, unix.RTM_NEWADDR, make([]byte, 8), first, -12, nil},
		"negative":              {unix.NETLINK_ROUTE, unix.RTM_NEWADDR, make([]byte, 8), first, -1000, nil},
		"not aligned":           {unix.NETLINK_ROUTE, unix.RTM_NEWADDR, make([]byte, 8), first, 2, nil},
		"at the end":            {unix.NETLINK_ROUTE, unix.RTM_NEWADDR, make([]byte, 8), first, 8, nil},
		"beyond":                {unix.NETLINK_ROUTE, unix.RTM_NEWADDR, make([]byte, 8), first, 1 << 30, nil},
		"behind a lie":          {unix.NETLINK_ROUTE, unix.RTM_NEWADDR, make([]byte, 8), slices.Concat(native(200, 1), first), 4, nil},
		"behind nothing":        {unix.NETLINK_ROUTE, unix.RTM_NEWADDR, make([]byte, 8), slices.Concat(native(0, 1), first), 4, nil},
		"struct in a nest":      {unix.NETLINK_ROUTE, unix.RTM_NEWROUTE, make([]byte, 12), hop, 12, nil},
		"generic":               {unix.NETLINK_GENERIC, 30, make([]byte, 4), plain, 16, Path{3, 4, 2}},
		"generic, own header":   {unix.NETLINK_GENERIC, 30, slices.Concat(make([]byte, 4), u32(1)), slices.Concat(first, flagged), 8 + 4, Path{3, 1}},
		"generic, odd header":   {unix.NETLINK_GENERIC, 30, slices.Concat(make([]byte, 4), u32(12)), first, 0, Path{1}},
		"netfilter":             {unix.NETLINK_NETFILTER, 0xa01, []byte{10, 0, 0, 0}, slices.Concat(first, second), 0, Path{1}},
		"xfrm":                  {unix.NETLINK_XFRM, 0x10, make([]byte, 224), slices.Concat(first, flagged), 8, Path{3}},
		"no header at all":      {unix.NETLINK_RDMA, 77, nil, slices.Concat(first, flagged), 8 + 12, Path{3, 4}},
		"guess":                 {unix.NETLINK_SOCK_DIAG, 20, make([]byte, 56), slices.Concat(text, second), 32, Path{2}},
		"guess, in a nest":      {unix.NETLINK_SOCK_DIAG, 20, make([]byte, 56), slices.Concat(text, flagged), 32 + 16, Path{3, 4, 2}},
		"guess, more than one":  {unix.NETLINK_SOCK_DIAG, 20, make([]byte, 56), slices.Concat(text, plain), 32 + 16, nil},
		"guess, odd header":     {unix.NETLINK_SOCK_DIAG, 20, native(12, 0), first, 0, Path{1}},
		"guess, odder header":   {unix.NETLINK_SOCK_DIAG, 20, native(12, 1), first, 0, nil},
		"guess, beyond":         {unix.NETLINK_SOCK_DIAG, 20, make([]byte, 56), first, 100, nil},
		"guess, negative":       {unix.NETLINK_SOCK_DIAG, 20, make([]byte, 56), first, -100, nil},
		"generic, beyond":       {unix.NETLINK_GENERIC, 30, nil, nil, 4, nil},
		"generic, no header":    {unix.NETLINK_GENERIC, 30, nil, make([]byte, 2), -2, nil},
		"generic, nothing":      {unix.NETLINK_GENERIC, 30, make([]byte, 4), nil, -4, nil},
		"guess, no attributes":  {unix.NETLINK_SOCK_DIAG, 20, make([]byte, 56), native(9, 0), 0, nil},
		"route, a private type": {unix.NETLINK_ROUTE, 3, make([]byte, 4), first, 0, Path{1}},
	} {
		t.Run(name, func(t *testing.T) {
			msg := rawMessage(uint16(c.typ), 0, 0, c.header, c.attrs)
			require.Equal(t, c.want, attributePath(c.family, msg, unix.NLMSG_HDRLEN+len(c.header)+c.offset))
		})
	}
	for n := range unix.NLMSG_HDRLEN {
		require.Nil(t, attributePath(unix.NETLINK_ROUTE, make([]byte, n), 16))
	}
}

func TestRequestName(t *testing.T) {
	for typ, want := range map[uint16]string{
		unix.RTM_NEWLINK: "RTM_NEWLINK", unix.RTM_SETLINK: "RTM_SETLINK", unix.RTM_DELROUTE: "RTM_DELROUTE",
		unix.RTM_GETNEIGHTBL: "RTM_GETNEIGHTBL", unix.RTM_SETDCB: "RTM_SETDCB", unix.RTM_NEWCHAIN: "RTM_NEWCHAIN",
		unix.RTM_GETNSID: "RTM_GETNSID", unix.RTM_NEWNEXTHOP: "RTM_NEWNEXTHOP", unix.RTM_DELVLAN: "RTM_DELVLAN",
		unix.RTM_GETNEXTHOPBUCKET: "RTM_GETNEXTHOPBUCKET", unix.RTM_NEWTUNNEL: "RTM_NEWTUNNEL", unix.RTM_NEWNDUSEROPT: "RTM_NEWNDUSEROPT",
		unix.RTM_GETSTATS: "RTM_GETSTATS", unix.RTM_NEWCACHEREPORT: "RTM_NEWCACHEREPORT", unix.RTM_NEWLINKPROP: "RTM_NEWLINKPROP",
		15: "", unix.RTM_MAX + 1: "", 0xffff: "",
	} {
		require.Equal(t, want, requestName(unix.NETLINK_ROUTE, typ))
		_, known := requestHeader(unix.NETLINK_ROUTE, typ)
		require.Equal(t, want != "", known)
	}
	require.Equal(t, "XFRM_MSG_GETSPDINFO", requestName(unix.NETLINK_XFRM, 0x25))
	require.Empty(t, requestName(unix.NETLINK_XFRM, 0x20))
	require.Equal(t, "nlctrl", requestName(unix.NETLINK_GENERIC, unix.GENL_ID_CTRL))
	require.Empty(t, requestName(unix.NETLINK_GENERIC, 20))
	require.Empty(t, requestName(unix.NETLINK_AUDIT, unix.RTM_NEWLINK))
}

// What flags mean depends on the request: those of dumps are those of new objects too.
func TestMayDump(t *testing.T) {
	for _, c := range []struct {
		family     int
		typ, flags uint16
		want       bool
	}{
		{unix.NETLINK_ROUTE, unix.RTM_GETLINK, unix.NLM_F_DUMP, true},
		{unix.NETLINK_ROUTE, unix.RTM_GETLINK, unix.NLM_F_ROOT, true},
		{unix.NETLINK_ROUTE, unix.RTM_GETLINK, 0, false},
		{unix.NETLINK_ROUTE, unix.RTM_NEWROUTE, unix.NLM_F_CREATE | unix.NLM_F_EXCL, false},
		{unix.NETLINK_ROUTE, unix.RTM_NEWROUTE, unix.NLM_F_REPLACE, false},
		{unix.NETLINK_ROUTE, unix.RTM_DELTFILTER, unix.NLM_F_DUMP, false},
		{unix.NETLINK_GENERIC, unix.GENL_ID_CTRL, unix.NLM_F_DUMP, true},
		{unix.NETLINK_GENERIC, unix.GENL_ID_CTRL, unix.NLM_F_EXCL, false},
		{unix.NETLINK_NETFILTER, 1, unix.NLM_F_ROOT, true},
		{unix.NETLINK_NETFILTER, 1, unix.NLM_F_CREATE, false},
	} {
		in := &conn{family: c.family}
		require.Equal(t, c.want, in.mayDump(Request{Type: c.typ, Flags: c.flags}), c)
	}
}

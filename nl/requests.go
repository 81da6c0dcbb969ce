package nl

import "golang.org/x/sys/unix"

// requestKind is what a message of a type is called, and how many bytes its family's header has before the attributes.
type requestKind struct {
	name   string
	header int
}

// routeKinds are the objects of rtnetlink: object n has the four types from 16 + 4n on, NEW, DEL, GET and SET.
var routeKinds = [...]requestKind{
	{"LINK", 16}, {"ADDR", 8}, {"ROUTE", 12}, {"NEIGH", 12}, {"RULE", 12}, {"QDISC", 20}, {"TCLASS", 20}, {"TFILTER", 20},
	{"ACTION", 4}, {"PREFIX", 12}, {"MULTICAST", 8}, {"ANYCAST", 8}, {"NEIGHTBL", 4}, {"NDUSEROPT", 16}, {"ADDRLABEL", 12},
	{"DCB", 4}, {"NETCONF", 4}, {"MDB", 8}, {"NSID", 4}, {"STATS", 12}, {"CACHEREPORT", 4}, {"CHAIN", 20}, {"NEXTHOP", 8},
	{"LINKPROP", 16}, {"VLAN", 8}, {"NEXTHOPBUCKET", 8}, {"TUNNEL", 8},
}

var routeVerbs = [4]string{"RTM_NEW", "RTM_DEL", "RTM_GET", "RTM_SET"}

// xfrmKinds are the messages of IPsec, from 16 on; those without a name are never requests.
var xfrmKinds = [...]requestKind{
	{"NEWSA", 224}, {"DELSA", 24}, {"GETSA", 24}, {"NEWPOLICY", 168}, {"DELPOLICY", 64}, {"GETPOLICY", 64},
	{"ALLOCSPI", 232}, {"ACQUIRE", 280}, {"EXPIRE", 232}, {"UPDPOLICY", 168}, {"UPDSA", 224}, {"POLEXPIRE", 176},
	{"FLUSHSA", 4}, {"FLUSHPOLICY", 0}, {"NEWAE", 48}, {"GETAE", 48}, {}, {"MIGRATE", 64}, {"NEWSADINFO", 4},
	{"GETSADINFO", 4}, {"NEWSPDINFO", 4}, {"GETSPDINFO", 4},
}

// requestName returns C's name of a message type, "" if it is not known. Families number their types as they like.
func requestName(family int, typ uint16) string {
	i := int(typ) - unix.RTM_BASE
	switch {
	case i < 0:
		return ""
	case family == unix.NETLINK_ROUTE && i/4 < len(routeKinds):
		return routeVerbs[i%4] + routeKinds[i/4].name
	case family == unix.NETLINK_XFRM && i < len(xfrmKinds) && xfrmKinds[i].name != "":
		return "XFRM_MSG_" + xfrmKinds[i].name
	case family == unix.NETLINK_GENERIC && typ == unix.GENL_ID_CTRL:
		return "nlctrl"
	}
	return ""
}

// requestHeader returns the length of the family's header, between that of netlink and the first attribute, and whether
// it is known. A generic netlink family may have a header of its own behind the common one; nearly none has.
func requestHeader(family int, typ uint16) (int, bool) {
	i := int(typ) - unix.RTM_BASE
	switch {
	case i < 0:
		return 0, false
	case family == unix.NETLINK_ROUTE && i/4 < len(routeKinds):
		return routeKinds[i/4].header, true
	case family == unix.NETLINK_XFRM && i < len(xfrmKinds) && xfrmKinds[i].name != "":
		return xfrmKinds[i].header, true
	case family == unix.NETLINK_GENERIC, family == unix.NETLINK_NETFILTER:
		return 4, true
	case family == unix.NETLINK_RDMA:
		return 0, true
	}
	return 0, false
}

// mayDump reports whether a request may be one for a dump, whose answers come when they like. The flags for that mean
// something else in other requests.
func (in *conn) mayDump(req Request) bool {
	flags := req.Flags & unix.NLM_F_DUMP
	switch in.family {
	case unix.NETLINK_ROUTE:
		const kinds, get = 4, 2 // RTM_NEW..., RTM_DEL..., RTM_GET..., RTM_SET... of each thing
		return flags != 0 && req.Type%kinds == get
	case unix.NETLINK_GENERIC:
		return flags == unix.NLM_F_DUMP
	}
	return flags != 0
}

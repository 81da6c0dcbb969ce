//go:build linux

package main

import "github.com/golibnl/golibnl/libnl"

// families are the families of netlink(7), in its order, and the first and last kernels that have them; without a last one
// it is "now". The kernels are those of netlink(7). Where it names no first one, that is the first series (2.2 is the first
// at all) whose linux/netlink.h has the number, and DNRTMSG ended when 6.1 removed DECnet.
var families = []struct {
	name         string
	protocol     int
	since, until string
}{
	{"ROUTE", libnl.NETLINK_ROUTE, "2.2", "now"},
	{"W1", libnl.NETLINK_UNUSED, "2.6.13", "2.6.17"},
	{"USERSOCK", libnl.NETLINK_USERSOCK, "2.2", "now"},
	{"FIREWALL", libnl.NETLINK_FIREWALL, "2.2", "3.4"},
	{"SOCK_DIAG", libnl.NETLINK_SOCK_DIAG, "3.3", "now"},
	{"INET_DIAG", libnl.NETLINK_INET_DIAG, "2.6.14", "now"}, // SOCK_DIAG's number, and its older name
	{"NFLOG", libnl.NETLINK_NFLOG, "2.4", "3.16"},
	{"XFRM", libnl.NETLINK_XFRM, "2.6", "now"},
	{"SELINUX", libnl.NETLINK_SELINUX, "2.6.4", "now"},
	{"ISCSI", libnl.NETLINK_ISCSI, "2.6.15", "now"},
	{"AUDIT", libnl.NETLINK_AUDIT, "2.6.6", "now"},
	{"FIB_LOOKUP", libnl.NETLINK_FIB_LOOKUP, "2.6.13", "now"},
	{"CONNECTOR", libnl.NETLINK_CONNECTOR, "2.6.14", "now"},
	{"NETFILTER", libnl.NETLINK_NETFILTER, "2.6.14", "now"},
	{"SCSITRANSPORT", libnl.NETLINK_SCSITRANSPORT, "2.6.19", "now"},
	{"RDMA", libnl.NETLINK_RDMA, "3.0", "now"},
	{"IP6_FW", libnl.NETLINK_IP6_FW, "2.2", "3.4"},
	{"DNRTMSG", libnl.NETLINK_DNRTMSG, "2.4", "6.0"},
	{"KOBJECT_UEVENT", libnl.NETLINK_KOBJECT_UEVENT, "2.6.10", "now"},
	{"GENERIC", libnl.NETLINK_GENERIC, "2.6.15", "now"},
	{"CRYPTO", libnl.NETLINK_CRYPTO, "3.2", "now"},
}

package nl

import (
	"slices"

	"golang.org/x/sys/unix"
)

// groupNames are the kernel's names of multicast groups, in lower case and without the prefix; the index is the group.
var groupNames = map[int][]string{
	// enum rtnetlink_groups of linux/rtnetlink.h
	unix.NETLINK_ROUTE: {
		"", "link", "notify", "neigh", "tc", "ipv4-ifaddr", "ipv4-mroute", "ipv4-route", "ipv4-rule", "ipv6-ifaddr",
		"ipv6-mroute", "ipv6-route", "ipv6-ifinfo", "decnet-ifaddr", "", "decnet-route", "decnet-rule", "", "ipv6-prefix",
		"ipv6-rule", "nd-useropt", "phonet-ifaddr", "phonet-route", "dcb", "ipv4-netconf", "ipv6-netconf", "mdb",
		"mpls-route", "nsid", "mpls-netconf", "ipv4-mroute-r", "ipv6-mroute-r", "nexthop", "brvlan", "mctp-ifaddr",
		"tunnel", "stats", "ipv4-mcaddr", "ipv6-mcaddr", "ipv6-acaddr",
	},
	// enum nfnetlink_groups of linux/netfilter/nfnetlink.h
	unix.NETLINK_NETFILTER: {
		"", "conntrack-new", "conntrack-update", "conntrack-destroy", "conntrack-exp-new", "conntrack-exp-update",
		"conntrack-exp-destroy", "nftables", "acct-quota", "nftrace",
	},
	// enum xfrm_nlgroups of linux/xfrm.h
	unix.NETLINK_XFRM: {"", "acquire", "expire", "sa", "policy", "aevents", "report", "migrate", "mapping"},
	// enum sknetlink_groups of linux/sock_diag.h
	unix.NETLINK_SOCK_DIAG: {"", "inet-tcp-destroy", "inet-udp-destroy", "inet6-tcp-destroy", "inet6-udp-destroy"},
	// enum audit_nlgrps of linux/audit.h
	unix.NETLINK_AUDIT: {"", "readlog"},
	// without a name in the kernel's headers
	unix.NETLINK_KOBJECT_UEVENT: {"", "kernel", "udev"},
}

// GroupNamed returns the number of a well-known multicast group of a family: "link" of unix.NETLINK_ROUTE is 1,
// RTNLGRP_LINK. Families of generic netlink have groups of their own, which the kernel numbers as they come.
func GroupNamed(family int, name string) (group uint32, ok bool) {
	i := slices.Index(groupNames[family], name)
	if name == "" || i < 0 {
		return 0, false
	}
	return uint32(i), true
}

// GroupName returns the name of a well-known multicast group of a family, "" if it has none.
func GroupName(family int, group uint32) string {
	names := groupNames[family]
	if uint64(group) >= uint64(len(names)) {
		return ""
	}
	return names[group]
}

package nl

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The names are those of the kernel's headers, in their order.
func TestGroupNames(t *testing.T) {
	for family, h := range map[int]struct{ file, enum, prefix string }{
		unix.NETLINK_ROUTE:     {"rtnetlink.h", "rtnetlink_groups", "RTNLGRP_"},
		unix.NETLINK_NETFILTER: {"netfilter/nfnetlink.h", "nfnetlink_groups", "NFNLGRP_"},
		unix.NETLINK_XFRM:      {"xfrm.h", "xfrm_nlgroups", "XFRMNLGRP_"},
		unix.NETLINK_SOCK_DIAG: {"sock_diag.h", "sknetlink_groups", "SKNLGRP_"},
		unix.NETLINK_AUDIT:     {"audit.h", "audit_nlgrps", "AUDIT_NLGRP_"},
	} {
		text, err := os.ReadFile("/usr/include/linux/" + h.file)
		require.NoError(t, err)
		body := regexp.MustCompile(`(?s)enum ` + h.enum + ` \{(.*?)\n\}`).FindSubmatch(text)
		require.NotNil(t, body, h.enum)
		var names []string
		for _, m := range regexp.MustCompile(`(?m)^\t`+h.prefix+`(\w+),`).FindAllStringSubmatch(string(body[1]), -1) {
			name := strings.ReplaceAll(strings.ToLower(m[1]), "_", "-")
			if name == "none" || strings.HasPrefix(name, "nop") {
				name = ""
			}
			names = append(names, name)
		}
		ours := groupNames[family]
		n := min(len(names), len(ours)) // either may be newer
		require.Greater(t, n, 1)
		require.Equal(t, names[:n], ours[:n])
	}
}

func TestGroupNamed(t *testing.T) {
	for name, want := range map[string]uint32{
		"link": unix.RTNLGRP_LINK, "ipv6-ifaddr": unix.RTNLGRP_IPV6_IFADDR, "nexthop": unix.RTNLGRP_NEXTHOP,
		"stats": unix.RTNLGRP_STATS, "ipv6-acaddr": unix.RTNLGRP_IPV6_ACADDR,
	} {
		group, ok := GroupNamed(unix.NETLINK_ROUTE, name)
		require.True(t, ok)
		require.Equal(t, want, group)
		require.Equal(t, name, GroupName(unix.NETLINK_ROUTE, group))
	}
	for _, bad := range []string{"", "none", "LINK", "nonsense"} {
		_, ok := GroupNamed(unix.NETLINK_ROUTE, bad)
		require.False(t, ok, bad)
	}
	_, ok := GroupNamed(4711, "link")
	require.False(t, ok)
	require.Empty(t, GroupName(unix.NETLINK_ROUTE, 0))
	require.Empty(t, GroupName(unix.NETLINK_ROUTE, 4294967295))
	for family, names := range groupNames {
		named := slices.DeleteFunc(slices.Clone(names), func(s string) bool { return s == "" })
		slices.Sort(named)
		require.Len(t, slices.Compact(slices.Clone(named)), len(named), family)
	}
}

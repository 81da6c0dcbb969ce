//go:build linux

package examples_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What every kernel says that the project runs on.
var familyRows = map[string]string{
	"ROUTE":          "0  2.2 - now        opens it; acknowledges",
	"W1":             "1  2.6.13 - 2.6.17  does not have it",
	"USERSOCK":       "2  2.2 - now        opens it; no one in the kernel receives here",
	"FIREWALL":       "3  2.2 - 3.4        does not have it",
	"NFLOG":          "5  2.4 - 3.16       does not have it",
	"IP6_FW":         "13  2.2 - 3.4        does not have it",
	"KOBJECT_UEVENT": "15  2.6.10 - now     opens it; acknowledges",
	"GENERIC":        "16  2.6.15 - now     opens it; acknowledges",
}

func TestFamilies(t *testing.T) {
	p := start(t, "families")
	require.Regexp(t, `^Linux \d+\.\d+`, p.Line())
	p.Says("", "FAMILY          NO  IN LINUX         THIS KERNEL")
	rows := map[string]string{}
	var names []string
	for line := p.Line(); line != ""; line = p.Line() {
		name, row, _ := strings.Cut(line, " ")
		names = append(names, name)
		rows[name] = strings.TrimLeft(row, " ")
	}
	require.Equal(t, strings.Fields(`ROUTE W1 USERSOCK FIREWALL SOCK_DIAG INET_DIAG NFLOG XFRM SELINUX ISCSI AUDIT FIB_LOOKUP
		CONNECTOR NETFILTER SCSITRANSPORT RDMA IP6_FW DNRTMSG KOBJECT_UEVENT GENERIC CRYPTO`), names)
	for name, row := range familyRows {
		require.Equal(t, row, rows[name], name)
	}
	_, sockDiag, _ := strings.Cut(rows["SOCK_DIAG"], "opens it")
	_, inetDiag, _ := strings.Cut(rows["INET_DIAG"], "opens it")
	require.Equal(t, sockDiag, inetDiag, "they are one")

	flips := "set to 1: reads 1; set to 0: reads 0"
	allNsid := flips
	if !mayBroadcast(t) {
		allNsid = "refuses: operation not permitted"
	}
	p.Says("OPTION            SINCE   THIS KERNEL",
		"PKTINFO           2.6.14  "+flips,
		"ADD_MEMBERSHIP    2.6.14  set to group 1: LIST_MEMBERSHIPS reads 0x1",
		"LIST_MEMBERSHIPS  4.2     reads 0x1",
		"DROP_MEMBERSHIP   2.6.14  set to group 1: LIST_MEMBERSHIPS reads 0x0",
		"BROADCAST_ERROR   2.6.30  "+flips,
		"NO_ENOBUFS        2.6.30  "+flips,
	)
	if line := p.Line(); !strings.HasSuffix(line, " set to 1; cannot be read back") { // 6.1 and older
		require.Equal(t, "LISTEN_ALL_NSID   4.2     "+allNsid, line)
	}
	p.Ends(0,
		"CAP_ACK           4.3     "+flips,
		"EXT_ACK           4.12    "+flips,
		"GET_STRICT_CHK    4.20    "+flips,
	)
}

// mayBroadcast tells whether the process has CAP_NET_BROADCAST. Root in a container has it not.
func mayBroadcast(t *testing.T) bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	require.NoError(t, unix.Capget(&header, &sets[0]))
	return sets[0].Effective&(1<<unix.CAP_NET_BROADCAST) != 0
}

//go:build vm

package kmodtest_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/libnl"
)

const (
	greetingProtocol = uapi.NL_GREETING_PROTOCOL
	greetingGroup    = uapi.NL_GREETING_GROUP
)

// requireGreeting checks that the next message is a greeting.
func requireGreeting(t *testing.T, p *peer) {
	t.Helper()
	h := p.next()
	require.EqualValues(t, uapi.NL_GREETING_MSG, h.NlmsgType)
	require.Equal(t, uapi.NL_GREETING_TEXT, textOf(t, h))
	require.Zero(t, h.NlmsgSeq)
	require.Zero(t, h.NlmsgPid)
}

func TestGreetingReachesAll(t *testing.T) {
	load(t, "nl_greeting", "period_ms=20")
	a, b, outsider := dial(t, greetingProtocol), dial(t, greetingProtocol), dial(t, greetingProtocol)
	require.NoError(t, a.AddMembership(greetingGroup))
	require.NoError(t, b.AddMembership(greetingGroup))
	for range 3 {
		requireGreeting(t, a)
		requireGreeting(t, b)
	}
	outsider.drain()
	require.Empty(t, outsider.msgs, "it is in no group")
}

// On a protocol that is there without the module, programs can listen before it is loaded, and get the first greeting.
func TestGreetingOnLoadOnce(t *testing.T) {
	p := dial(t, unix.NETLINK_USERSOCK)
	require.NoError(t, p.AddMembership(greetingGroup))
	load(t, "nl_greeting", "protocol=2", "period_ms=0")
	requireGreeting(t, p)
	quiet()
	p.drain()
	require.Empty(t, p.msgs, "it is said once")
}

func TestGreetingToUnprivileged(t *testing.T) {
	if isNobody() {
		allowed, err := os.ReadFile("/sys/module/nl_greeting/parameters/unprivileged")
		require.NoError(t, err)
		p := dial(t, greetingProtocol)
		err = p.AddMembership(greetingGroup)
		if string(allowed) == "Y\n" {
			require.NoError(t, err)
			requireGreeting(t, p)
		} else {
			require.ErrorIs(t, err, libnl.NLE_PERM)
		}
		nobodyIsDone()
		return
	}
	for _, param := range []string{"unprivileged=0", "unprivileged=1"} {
		t.Run(param, func(t *testing.T) {
			load(t, "nl_greeting", "period_ms=20", param)
			asNobody(t)
		})
	}
}

func TestGreetingTakesNoMessages(t *testing.T) {
	load(t, "nl_greeting")
	p := dial(t, greetingProtocol)
	_, err := p.SendSimple(uapi.NL_GREETING_MSG, 0, []byte("hello"))
	require.ErrorIs(t, err, unix.ECONNREFUSED)
}

func TestGreetingWithoutModule(t *testing.T) {
	sk, err := libnl.SocketAlloc()
	require.NoError(t, err)
	defer sk.Free()
	require.ErrorIs(t, sk.Connect(greetingProtocol), libnl.NLE_PROTO_MISMATCH)
}

// Parameters that make no sense, and a protocol that somebody else serves, keep a module from loading, and hurt nobody.
func TestModulesRefuseParameters(t *testing.T) {
	for module, params := range map[string][]string{
		"nl_greeting":   {"protocol=32"},
		"nl_hello":      {"protocol=32", "count=0", "count=10001", "period_ms=60001"},
		"dummy_netlink": {"protocol=32", "period_ms=0"},
	} {
		for _, param := range append(params, "protocol=x") {
			require.ErrorIs(t, insmod(module, param), unix.EINVAL, "%s %s", module, param)
		}
		require.ErrorIs(t, insmod(module, "protocol=0"), unix.EADDRINUSE, module)
	}
	dial(t, unix.NETLINK_ROUTE)
}

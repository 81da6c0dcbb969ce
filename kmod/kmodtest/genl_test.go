//go:build vm

package kmodtest_test

import (
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/testns"
	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/genl"
)

// dialGenl loads the module, connects a peer, and resolves the family.
func dialGenl(t *testing.T) (p *peer, family int) {
	t.Helper()
	load(t, "nl_genl_demo")
	p = dial(t, libnl.NETLINK_GENERIC)
	family, err := genl.CtrlResolve(p.Socket, uapi.NL_GENL_DEMO_NAME)
	require.NoError(t, err)
	return p, family
}

// request makes a request with the attributes that put puts, and sends it.
func (p *peer) request(family int, cmd uint8, flags int, put func(m *libnl.Msg) error) {
	p.t.Helper()
	m, err := libnl.NlmsgAlloc()
	require.NoError(p.t, err)
	defer m.Free()
	_, err = genl.Put(m, libnl.NL_AUTO_PORT, libnl.NL_AUTO_SEQ, family, 0, flags, cmd, uapi.NL_GENL_DEMO_VERSION)
	require.NoError(p.t, err)
	if put != nil {
		require.NoError(p.t, put(m))
	}
	_, err = p.SendAuto(m)
	require.NoError(p.t, err)
}

// attrs are the attributes of a message of the family.
func attrs(t *testing.T, h *libnl.Nlmsghdr, cmd uint8) []*libnl.Nlattr {
	t.Helper()
	require.Equal(t, cmd, genl.Hdr(h).Cmd)
	require.EqualValues(t, uapi.NL_GENL_DEMO_VERSION, genl.Hdr(h).Version)
	a, err := genl.Parse(h, 0, uapi.NL_GENL_DEMO_A_MAX, nil)
	require.NoError(t, err)
	return a
}

// errs makes one function of several that put attributes.
func errs(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestGenlEcho(t *testing.T) {
	p, family := dialGenl(t)
	p.request(family, uapi.NL_GENL_DEMO_CMD_ECHO, 0, func(m *libnl.Msg) error {
		err := errs(m.NlaPutU32(uapi.NL_GENL_DEMO_A_NUMBER, 7), m.NlaPutString(uapi.NL_GENL_DEMO_A_TEXT, "hello"))
		nest, nerr := m.NlaNestStart(uapi.NL_GENL_DEMO_A_NEST | libnl.NLA_F_NESTED)
		return errs(err, nerr, m.NlaPutString(uapi.NL_GENL_DEMO_A_TEXT, "inside"),
			m.NlaPutU32(uapi.NL_GENL_DEMO_A_NUMBER, uapi.NL_GENL_DEMO_NUMBER_MAX), m.NlaNestEnd(nest))
	})
	got := attrs(t, p.next(), uapi.NL_GENL_DEMO_CMD_ECHO)
	require.Equal(t, "hello", got[uapi.NL_GENL_DEMO_A_TEXT].GetString())
	require.EqualValues(t, 7, got[uapi.NL_GENL_DEMO_A_NUMBER].GetU32())
	inside, err := got[uapi.NL_GENL_DEMO_A_NEST].ParseNested(uapi.NL_GENL_DEMO_A_NUMBER, nil)
	require.NoError(t, err)
	require.Equal(t, "inside", inside[uapi.NL_GENL_DEMO_A_TEXT].GetString())
	require.EqualValues(t, uapi.NL_GENL_DEMO_NUMBER_MAX, inside[uapi.NL_GENL_DEMO_A_NUMBER].GetU32())
	require.Nil(t, p.answered())
}

// The kernel says which attribute it is that breaks the policy, and what the policy is.
func TestGenlPolicy(t *testing.T) {
	p, family := dialGenl(t)
	text := func(m *libnl.Msg) error { return m.NlaPutString(uapi.NL_GENL_DEMO_A_TEXT, "x") } // takes 8 bytes
	const first = libnl.NLMSG_HDRLEN + genl.GENL_HDRLEN
	for name, c := range map[string]struct {
		put    func(m *libnl.Msg) error
		errno  syscall.Errno
		text   string
		offset uint32 // of the attribute that is refused, in the request
		policy uint32 // its type, NL_ATTR_TYPE_*; 0 for none
	}{
		"number": {func(m *libnl.Msg) error {
			return errs(text(m), m.NlaPutU32(uapi.NL_GENL_DEMO_A_NUMBER, 0))
		}, unix.ERANGE, "integer out of range", first + 8, unix.NL_ATTR_TYPE_U32},
		"number in nest": {func(m *libnl.Msg) error {
			nest, err := m.NlaNestStart(uapi.NL_GENL_DEMO_A_NEST | libnl.NLA_F_NESTED)
			return errs(text(m), err, m.NlaPutU32(uapi.NL_GENL_DEMO_A_NUMBER, 1001), m.NlaNestEnd(nest))
		}, unix.ERANGE, "integer out of range", first + 12, unix.NL_ATTR_TYPE_U32},
		"text": {func(m *libnl.Msg) error {
			return m.NlaPutString(uapi.NL_GENL_DEMO_A_TEXT, strings.Repeat("x", uapi.NL_GENL_DEMO_TEXT_MAX+1))
		}, unix.EINVAL, "Attribute failed policy validation", first, unix.NL_ATTR_TYPE_NUL_STRING},
		"text without NUL": {func(m *libnl.Msg) error {
			return m.NlaPut(uapi.NL_GENL_DEMO_A_TEXT, []byte("text"))
		}, unix.EINVAL, "Attribute failed policy validation", first, unix.NL_ATTR_TYPE_NUL_STRING},
		"short number": {func(m *libnl.Msg) error {
			return m.NlaPutU16(uapi.NL_GENL_DEMO_A_NUMBER, 1)
		}, unix.EINVAL, "invalid attribute length", first, unix.NL_ATTR_TYPE_U32},
		"unknown": {func(m *libnl.Msg) error {
			return m.NlaPutU32(uapi.NL_GENL_DEMO_A_COUNT, 1)
		}, unix.EINVAL, "Unknown attribute type", first, 0},
		"nest without flag": {func(m *libnl.Msg) error {
			return m.NlaPut(uapi.NL_GENL_DEMO_A_NEST, nil)
		}, unix.EINVAL, "NLA_F_NESTED is missing", first, unix.NL_ATTR_TYPE_NESTED},
	} {
		t.Run(name, func(t *testing.T) {
			p.t = t
			p.request(family, uapi.NL_GENL_DEMO_CMD_ECHO, 0, c.put)
			e := p.answered()
			refused(t, e, c.errno, c.text)
			require.Equal(t, c.offset, ext(e, libnl.NLMSGERR_ATTR_OFFS).GetU32())
			policy := ext(e, libnl.NLMSGERR_ATTR_POLICY)
			if c.policy == 0 {
				require.Nil(t, policy)
				return
			}
			parts, err := policy.ParseNested(unix.NL_POLICY_TYPE_ATTR_MASK, nil)
			require.NoError(t, err)
			require.Equal(t, c.policy, parts[unix.NL_POLICY_TYPE_ATTR_TYPE].GetU32())
		})
	}
}

func TestGenlMissingAttribute(t *testing.T) {
	p, family := dialGenl(t)
	for cmd, attr := range map[uint8]uint32{
		uapi.NL_GENL_DEMO_CMD_ECHO:   uapi.NL_GENL_DEMO_A_TEXT,
		uapi.NL_GENL_DEMO_CMD_GET:    uapi.NL_GENL_DEMO_A_ID,
		uapi.NL_GENL_DEMO_CMD_NOTIFY: uapi.NL_GENL_DEMO_A_TEXT,
		uapi.NL_GENL_DEMO_CMD_FAIL:   uapi.NL_GENL_DEMO_A_ERRNO,
	} {
		p.request(family, cmd, 0, nil)
		e := p.answered()
		refused(t, e, unix.EINVAL, "an attribute is missing")
		if missing := ext(e, libnl.NLMSGERR_ATTR_MISS_TYPE); kernelIsAtLeast(t, 6, 1) {
			require.Equal(t, attr, missing.GetU32())
		} else {
			require.Nil(t, missing)
		}
	}
	p.request(family, 77, 0, nil)
	require.EqualValues(t, -int(unix.EOPNOTSUPP), p.answered().Error)
}

// kernelIsAtLeast compares the running kernel's version.
func kernelIsAtLeast(t *testing.T, major, minor int) bool {
	t.Helper()
	var u unix.Utsname
	require.NoError(t, unix.Uname(&u))
	var a, b int
	_, err := fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &a, &b)
	require.NoError(t, err)
	return a > major || a == major && b >= minor
}

func TestGenlGet(t *testing.T) {
	p, family := dialGenl(t)
	get := func(id uint32) {
		p.request(family, uapi.NL_GENL_DEMO_CMD_GET, 0, func(m *libnl.Msg) error {
			return m.NlaPutU32(uapi.NL_GENL_DEMO_A_ID, id)
		})
	}
	get(uapi.NL_GENL_DEMO_COUNT - 1)
	requireEntry(t, p.next(), uapi.NL_GENL_DEMO_COUNT-1)
	require.Nil(t, p.answered())
	get(uapi.NL_GENL_DEMO_COUNT)
	e := p.answered()
	refused(t, e, unix.ENOENT, "there is no entry with that ID")
	require.EqualValues(t, libnl.NLMSG_HDRLEN+genl.GENL_HDRLEN, ext(e, libnl.NLMSGERR_ATTR_OFFS).GetU32())
}

// requireEntry checks that a message is the entry with this ID.
func requireEntry(t *testing.T, h *libnl.Nlmsghdr, id uint32) {
	t.Helper()
	a := attrs(t, h, uapi.NL_GENL_DEMO_CMD_GET)
	require.Equal(t, id, a[uapi.NL_GENL_DEMO_A_ID].GetU32())
	require.Equal(t, fmt.Sprintf("entry %d", id), a[uapi.NL_GENL_DEMO_A_NAME].GetString())
}

func TestGenlDump(t *testing.T) {
	p, family := dialGenl(t)
	dump := func(put func(m *libnl.Msg) error) {
		t.Helper()
		p.msgs, p.intr = nil, false
		p.request(family, uapi.NL_GENL_DEMO_CMD_GET, libnl.NLM_F_DUMP, put)
	}
	count := func(n uint32) func(m *libnl.Msg) error {
		return func(m *libnl.Msg) error { return m.NlaPutU32(uapi.NL_GENL_DEMO_A_COUNT, n) }
	}
	for _, n := range []uint32{uapi.NL_GENL_DEMO_COUNT, 0, 1, 10_000} {
		put := count(n)
		if n == uapi.NL_GENL_DEMO_COUNT {
			put = nil
		}
		dump(put)
		p.dumped(0, "")
		require.Len(t, p.msgs, int(n))
		require.False(t, p.intr)
		for i, h := range p.msgs {
			requireEntry(t, h, uint32(i))
		}
	}

	dump(func(m *libnl.Msg) error { return m.NlaPutFlag(uapi.NL_GENL_DEMO_A_INTERRUPT) })
	p.dumped(0, "")
	require.Len(t, p.msgs, uapi.NL_GENL_DEMO_COUNT)
	require.True(t, p.intr, "the entries changed half way")

	// What fails, at once or half way, says so in its NLMSG_DONE.
	dump(count(uapi.NL_GENL_DEMO_COUNT_MAX + 1))
	p.dumped(unix.ERANGE, "there are not so many entries")
	require.Empty(t, p.msgs)
	dump(func(m *libnl.Msg) error { return m.NlaPutU32(uapi.NL_GENL_DEMO_A_ERRNO, uint32(unix.EXDEV)) })
	p.dumped(unix.EXDEV, "the dump fails half way, as it was asked to")
	require.Len(t, p.msgs, uapi.NL_GENL_DEMO_COUNT/2)
}

func TestGenlFail(t *testing.T) {
	p, family := dialGenl(t)
	for errno := uint32(1); errno <= uapi.NL_GENL_DEMO_ERRNO_MAX; errno++ {
		if syscall.Errno(errno) == unix.EINTR {
			continue // netlink answers nothing to it
		}
		p.request(family, uapi.NL_GENL_DEMO_CMD_FAIL, 0, func(m *libnl.Msg) error {
			return m.NlaPutU32(uapi.NL_GENL_DEMO_A_ERRNO, errno)
		})
		e := p.answered()
		refused(t, e, syscall.Errno(errno), "this fails, as it was asked to")
		require.EqualValues(t, uint64(uapi.NL_GENL_DEMO_COOKIE), ext(e, libnl.NLMSGERR_ATTR_COOKIE).GetU64())
		require.EqualValues(t, libnl.NLMSG_HDRLEN+genl.GENL_HDRLEN, ext(e, libnl.NLMSGERR_ATTR_OFFS).GetU32())
	}
}

// The family is there in each network namespace, and a notification stays in the one that it was made in.
func TestGenlNotify(t *testing.T) {
	p, family := dialGenl(t)
	group, err := genl.CtrlResolveGrp(p.Socket, uapi.NL_GENL_DEMO_NAME, uapi.NL_GENL_DEMO_GROUP)
	require.NoError(t, err)
	notify := func(p *peer, text string) {
		p.request(family, uapi.NL_GENL_DEMO_CMD_NOTIFY, 0, func(m *libnl.Msg) error {
			return m.NlaPutString(uapi.NL_GENL_DEMO_A_TEXT, text)
		})
		require.Nil(t, p.answered())
	}
	notify(p, "nobody listens")
	listener := dial(t, libnl.NETLINK_GENERIC)
	require.NoError(t, listener.AddMembership(group))
	testns.Run(t, func(t *testing.T) {
		inside := dial(t, libnl.NETLINK_GENERIC)
		require.NoError(t, inside.AddMembership(group))
		notify(inside, "inside")
		notify(p, "outside")
		require.Equal(t, "inside", attrs(t, inside.next(), uapi.NL_GENL_DEMO_CMD_NOTIFY)[uapi.NL_GENL_DEMO_A_TEXT].GetString())
		inside.drain()
		require.Empty(t, inside.msgs)
	})
	require.Equal(t, "outside", attrs(t, listener.next(), uapi.NL_GENL_DEMO_CMD_NOTIFY)[uapi.NL_GENL_DEMO_A_TEXT].GetString())
}

// Listening is for everybody, notifying is not.
func TestGenlToUnprivileged(t *testing.T) {
	if isNobody() {
		p := dial(t, libnl.NETLINK_GENERIC)
		family, err := genl.CtrlResolve(p.Socket, uapi.NL_GENL_DEMO_NAME)
		require.NoError(t, err)
		group, err := genl.CtrlResolveGrp(p.Socket, uapi.NL_GENL_DEMO_NAME, uapi.NL_GENL_DEMO_GROUP)
		require.NoError(t, err)
		require.NoError(t, p.AddMembership(group))
		p.request(family, uapi.NL_GENL_DEMO_CMD_NOTIFY, 0, func(m *libnl.Msg) error {
			return m.NlaPutString(uapi.NL_GENL_DEMO_A_TEXT, "x")
		})
		require.EqualValues(t, -int(unix.EPERM), p.answered().Error)
		nobodyIsDone()
		return
	}
	load(t, "nl_genl_demo")
	asNobody(t)
}

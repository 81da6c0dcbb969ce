package libnl_test

import (
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/libnl"
)

// linkPayload is the payload of a message about a link: a struct ifinfomsg, and its name.
func linkPayload(name string) []byte {
	return slices.Concat(make([]byte, 16), rawAttr(syscall.IFLA_IFNAME, append([]byte(name), 0)...))
}

// linkMsg makes a message of which libnl-route makes an object.
func linkMsg(t *testing.T, payload []byte) *libnl.Msg {
	t.Helper()
	require.True(t, ctest.LinkRoute())
	m := convert(t, hdrOf(t, message(header{Type: syscall.RTM_NEWLINK}, payload...)))
	m.SetProto(libnl.NETLINK_ROUTE)
	return m
}

func TestMsgParse(t *testing.T) {
	m := linkMsg(t, linkPayload("lo"))
	n := 0
	require.NoError(t, m.Parse(func(o *libnl.Object) {
		n++
		require.Equal(t, "route/link", o.GetType())
	}))
	require.Equal(t, 1, n)

	require.NoError(t, m.SetHdr(&libnl.Nlmsghdr{NlmsgType: 0xfff0}))
	require.ErrorIs(t, m.Parse(func(*libnl.Object) { n++ }), libnl.NLE_MSGTYPE_NOSUPPORT, "a type that nothing is registered for")
	require.NoError(t, m.SetHdr(&libnl.Nlmsghdr{NlmsgType: syscall.RTM_NEWLINK}))
	m.SetProto(libnl.NETLINK_USERSOCK)
	require.ErrorIs(t, m.Parse(func(*libnl.Object) { n++ }), libnl.NLE_MSGTYPE_NOSUPPORT, "a protocol that nothing is registered for")
	require.ErrorIs(t, newMsg(t).Parse(func(*libnl.Object) { n++ }), libnl.NLE_MSGTYPE_NOSUPPORT, "no protocol")
	require.ErrorIs(t, m.Parse(nil), libnl.NLE_INVAL)
	require.Equal(t, 1, n)
}

func TestMsgParseRefusedByParser(t *testing.T) {
	never := func(*libnl.Object) { require.Fail(t, "there is no object") }
	require.ErrorIs(t, linkMsg(t, make([]byte, 15)).Parse(never), libnl.NLE_MSG_TOOSHORT)
	withoutNUL := slices.Concat(make([]byte, 16), rawAttr(syscall.IFLA_IFNAME, 'l', 'o'))
	require.ErrorIs(t, linkMsg(t, withoutNUL).Parse(never), libnl.NLE_INVAL)
}

// What the kernel says about its links becomes objects, inside the callback of the dump.
func TestMsgParseOfDump(t *testing.T) {
	require.True(t, ctest.LinkRoute())
	s := connected(t, libnl.NETLINK_ROUTE)
	_, err := s.SendSimple(syscall.RTM_GETLINK, libnl.NLM_F_DUMP, make([]byte, 16))
	require.NoError(t, err)
	var kept []*libnl.Object
	onValid(t, s, func(m *libnl.Msg) (libnl.CbAction, error) {
		return libnl.NL_OK, m.Parse(func(o *libnl.Object) {
			k, err := o.Get()
			if err != nil {
				t.Error(err)
				return
			}
			kept = append(kept, k)
		})
	})
	require.NoError(t, s.RecvmsgsDefault())
	require.NotEmpty(t, kept, "each namespace has a link")
	for _, o := range kept {
		require.Equal(t, "route/link", o.GetType(), "the object outlives the callback, and its message")
		require.NoError(t, o.Put())
	}
}

func TestObjectReferences(t *testing.T) {
	m := linkMsg(t, linkPayload("lo"))
	var kept, stale *libnl.Object
	require.NoError(t, m.Parse(func(o *libnl.Object) {
		require.ErrorIs(t, o.Put(), libnl.ErrBorrowed)
		var err error
		kept, err = o.Get()
		require.NoError(t, err)
		require.Same(t, o, kept)
		_, err = o.Get()
		require.NoError(t, err)
	}))
	require.NoError(t, m.Parse(func(o *libnl.Object) { stale = o }))

	require.NoError(t, kept.Put())
	require.Equal(t, "route/link", kept.GetType(), "one reference is left")
	require.NoError(t, kept.Put())
	require.NoError(t, kept.Put(), "there is nothing left to do")
	require.NoError(t, stale.Put())
	for _, o := range []*libnl.Object{kept, stale, nil, new(libnl.Object)} {
		expectMisuse(t, 2, func() {
			require.Empty(t, o.GetType())
			_, err := o.Get()
			require.ErrorIs(t, err, libnl.ErrFreed)
		})
		require.NoError(t, o.Put())
	}
}

func TestMsgParsePanic(t *testing.T) {
	m := linkMsg(t, linkPayload("lo"))
	cause := errors.New("boom")
	var stale *libnl.Object
	func() {
		defer func() {
			p, ok := recover().(*libnl.CallbackPanic)
			require.True(t, ok, "the caller panics in turn")
			require.ErrorIs(t, p, cause)
			require.Contains(t, string(p.Stack), "TestMsgParsePanic")
		}()
		_ = m.Parse(func(o *libnl.Object) { stale = o; panic(cause) })
	}()
	expectMisuse(t, 1, func() { require.Empty(t, stale.GetType()) })
	require.NoError(t, m.SetHdr(m.Hdr()), "the message is free again")
}

// While libnl reads the message, nobody changes or frees it.
func TestMsgInUseByParse(t *testing.T) {
	m := linkMsg(t, linkPayload("lo"))
	require.NoError(t, m.Expand(4096))
	r, err := m.Reserve(4, 0)
	require.NoError(t, err)
	before := m.Hdr().Bytes()
	require.NoError(t, m.Parse(func(*libnl.Object) {
		for name, f := range map[string]func() error{
			"put":     func() error { return m.NlaPutU8(1, 1) },
			"expand":  func() error { return m.Expand(1 << 20) },
			"append":  func() error { return m.Append([]byte{1}, 0) },
			"write":   func() error { return r.Write([]byte{1}) },
			"set":     func() error { return m.SetHdr(&libnl.Nlmsghdr{}) },
			"parse":   func() error { return m.Parse(func(*libnl.Object) {}) },
			"free":    m.Free,
			"get":     func() error { _, err := m.Get(); return err },
			"reserve": func() error { _, err := m.Reserve(1, 0); return err },
		} {
			if err := f(); !errors.Is(err, libnl.ErrBusy) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}))
	require.Equal(t, before, m.Hdr().Bytes())
}

func TestObjectFromManyGoroutines(t *testing.T) {
	m := linkMsg(t, linkPayload("lo"))
	var o *libnl.Object
	require.NoError(t, m.Parse(func(b *libnl.Object) { o, _ = b.Get() }))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if typ := o.GetType(); typ != "route/link" {
					t.Error(typ)
				}
				k, err := o.Get()
				switch {
				case errors.Is(err, libnl.ErrBusy): // another goroutine is inside
				case err != nil || k.Put() != nil:
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.NoError(t, o.Put())
	expectMisuse(t, 1, func() { require.Empty(t, o.GetType(), "as many were put as were taken") })
}

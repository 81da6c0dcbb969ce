package genl_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/genl"
	"github.com/golibnl/golibnl/libnl/internal/coretest"
)

func TestMain(m *testing.M) { coretest.Main(m) }

var noMisuse = coretest.NoMisuse

func newSocket(t *testing.T) *libnl.Socket {
	t.Helper()
	s, err := libnl.SocketAlloc()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Free()) })
	return s
}

func connected(t *testing.T) *libnl.Socket {
	t.Helper()
	s := newSocket(t)
	err := genl.Connect(s)
	if errors.Is(err, libnl.NLE_PROTO_MISMATCH) {
		t.Skipf("this kernel has no generic netlink: %v", err)
	}
	require.NoError(t, err)
	return s
}

func newMsg(t *testing.T) *libnl.Msg {
	t.Helper()
	m, err := libnl.NlmsgAlloc()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Free()) })
	return m
}

func TestConnect(t *testing.T) {
	s := connected(t)
	require.ErrorIs(t, genl.Connect(s), libnl.NLE_BAD_SOCK, "it is connected")
	taken := newSocket(t)
	require.NoError(t, taken.SetLocalPort(s.GetLocalPort()))
	err := genl.Connect(taken)
	require.ErrorIs(t, err, libnl.NLE_EXIST)
	require.ErrorIs(t, err, syscall.EADDRINUSE)
}

// The controller itself, as the kernel describes it.
func TestRequestToTheController(t *testing.T) {
	s := connected(t)
	m := newMsg(t)
	room, err := genl.Put(m, libnl.NL_AUTO_PORT, libnl.NL_AUTO_SEQ, genl.GENL_ID_CTRL, 0, 0, unix.CTRL_CMD_GETFAMILY, 1)
	require.NoError(t, err)
	require.Zero(t, room.Len())
	require.NoError(t, m.NlaPutString(unix.CTRL_ATTR_FAMILY_NAME, "nlctrl"))
	_, err = s.SendAuto(m)
	require.NoError(t, err)
	var got []*libnl.Nlattr
	require.NoError(t, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
		h := msg.Hdr()
		require.EqualValues(t, unix.CTRL_CMD_NEWFAMILY, genl.Hdr(h).Cmd)
		require.NoError(t, genl.Validate(h, 0, unix.CTRL_ATTR_MCAST_GROUPS, []libnl.NlaPolicy{
			unix.CTRL_ATTR_FAMILY_ID: {Type: libnl.NLA_U16},
		}))
		var err error
		got, err = genl.Parse(h, 0, unix.CTRL_ATTR_MCAST_GROUPS, nil)
		return libnl.NL_OK, err
	}))
	require.NoError(t, s.RecvmsgsDefault())
	require.EqualValues(t, genl.GENL_ID_CTRL, got[unix.CTRL_ATTR_FAMILY_ID].GetU16())
	require.Equal(t, "nlctrl", got[unix.CTRL_ATTR_FAMILY_NAME].GetString())
}

func TestResolve(t *testing.T) {
	s := connected(t)
	for range 3 {
		id, err := genl.CtrlResolve(s, "nlctrl")
		require.NoError(t, err)
		require.Equal(t, genl.GENL_ID_CTRL, id)
		group, err := genl.CtrlResolveGrp(s, "nlctrl", "notify")
		require.NoError(t, err)
		require.Positive(t, group)
		require.NoError(t, s.AddMembership(group))
		require.NoError(t, s.DropMembership(group))
	}
	_, err := genl.CtrlResolve(s, "no such family")
	require.ErrorIs(t, err, libnl.NLE_OBJ_NOTFOUND)
	_, err = genl.CtrlResolve(s, "nlctrl\x00x")
	require.ErrorIs(t, err, libnl.NLE_OBJ_NOTFOUND)
	_, err = genl.CtrlResolveGrp(s, "nlctrl", "no such group")
	require.ErrorIs(t, err, libnl.NLE_OBJ_NOTFOUND)
	id, err := genl.CtrlResolve(s, "nlctrl")
	require.NoError(t, err, "the socket is in step after a failure")
	require.Equal(t, genl.GENL_ID_CTRL, id)
}

// The socket's callbacks are called while a name is resolved, and what they throw and return comes back.
func TestResolveCallsBack(t *testing.T) {
	s := connected(t)
	mine := errors.New("mine")
	onMsgIn := func(f libnl.MsgCb) { require.NoError(t, s.ModifyCb(libnl.NL_CB_MSG_IN, libnl.NL_CB_CUSTOM, f)) }
	n := 0
	onMsgIn(func(*libnl.Msg) (libnl.CbAction, error) {
		n++
		require.ErrorIs(t, s.Free(), libnl.ErrBusy)
		_, err := genl.CtrlResolve(s, "nlctrl")
		require.ErrorIs(t, err, libnl.ErrBusy)
		return libnl.NL_OK, nil
	})
	_, err := genl.CtrlResolve(s, "nlctrl")
	require.NoError(t, err)
	require.Positive(t, n)
	onMsgIn(func(*libnl.Msg) (libnl.CbAction, error) { return libnl.NL_OK, mine })
	_, err = genl.CtrlResolve(s, "nlctrl")
	require.Same(t, mine, err)

	s = connected(t)
	onMsgIn(func(*libnl.Msg) (libnl.CbAction, error) { panic(mine) })
	require.Panics(t, func() { _, _ = genl.CtrlResolve(s, "nlctrl") })
	require.NoError(t, s.Close(), "nothing is running any more")
}

func TestSendSimple(t *testing.T) {
	s := connected(t)
	n, err := genl.SendSimple(s, genl.GENL_ID_CTRL, unix.CTRL_CMD_GETFAMILY, 1, libnl.NLM_F_DUMP)
	require.NoError(t, err)
	require.Equal(t, 20, n)
	families := map[string]bool{}
	require.NoError(t, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
		families[libnl.NlaFind(genl.Hdr(msg.Hdr()).Attrdata(0), unix.CTRL_ATTR_FAMILY_NAME).GetString()] = true
		return libnl.NL_OK, nil
	}))
	require.NoError(t, s.RecvmsgsDefault())
	require.Contains(t, families, "nlctrl")
	_, err = genl.SendSimple(s, 1<<16, 1, 1, 0)
	require.ErrorIs(t, err, libnl.NLE_RANGE)
	_, err = genl.SendSimple(newSocket(t), 16, 1, 1, 0)
	require.ErrorIs(t, err, libnl.NLE_BAD_SOCK)
}

func TestPutAndHeaders(t *testing.T) {
	m := newMsg(t)
	room, err := genl.Put(m, 1, 2, 0x20, 6, libnl.NLM_F_ACK, 3, 4)
	require.NoError(t, err)
	require.NoError(t, room.Write([]byte{1, 2, 3, 4, 5, 6}))
	require.NoError(t, m.NlaPutU32(9, 10))
	h := m.Hdr()
	require.EqualValues(t, 16+4+8+8, h.NlmsgLen)
	g := genl.Hdr(h)
	require.EqualValues(t, []uint8{3, 4}, []uint8{g.Cmd, g.Version})
	require.Equal(t, 16, g.Len())
	require.Equal(t, []byte{1, 2, 3, 4, 5, 6, 0, 0}, g.UserHdr()[:8])
	require.Equal(t, 8, g.Attrlen(6))
	require.Equal(t, g.UserData(6), g.Attrdata(6))
	require.EqualValues(t, 10, binary.NativeEndian.Uint32(g.Attrdata(6)[4:]))
	tb, err := genl.Parse(h, 6, 9, nil)
	require.NoError(t, err)
	require.EqualValues(t, 10, tb[9].GetU32())
	require.True(t, genl.ValidHdr(h, 16))
	require.False(t, genl.ValidHdr(h, 17))
	require.ErrorIs(t, genl.Validate(h, 17, 9, []libnl.NlaPolicy{}), libnl.NLE_MSG_TOOSHORT)
	_, err = genl.Parse(h, -1, 9, nil)
	require.ErrorIs(t, err, libnl.NLE_MSG_TOOSHORT)

	for _, hdrlen := range []int{-1, -1 << 31, 1 << 30} {
		require.Nil(t, g.Attrdata(hdrlen))
		_, err = genl.Put(m, 0, 0, 1, hdrlen, 0, 0, 0)
		require.ErrorIs(t, err, libnl.NLE_RANGE)
	}
	_, err = genl.Put(m, 0, 0, 1, 65535, 0, 0, 0)
	require.ErrorIs(t, err, libnl.NLE_NOMEM)
	require.Nil(t, genl.Hdr(nil))
	require.Nil(t, genl.Hdr(&libnl.Nlmsghdr{}))
	require.False(t, genl.ValidHdr(nil, 0))
	require.Zero(t, (*genl.Genlmsghdr)(nil).UserDatalen(0))
	_, ok := genl.Op2name(1<<20, 1)
	require.False(t, ok)
}

func TestFamily(t *testing.T) {
	f, err := genl.FamilyAlloc()
	require.NoError(t, err)
	require.Empty(t, f.GetName())
	require.Zero(t, f.GetId())
	f.SetId(17)
	f.SetVersion(2)
	f.SetHdrsize(8)
	f.SetMaxattr(31)
	require.NoError(t, f.SetName("fifteen_letters"))
	require.ErrorIs(t, f.SetName("sixteen__letters"), libnl.NLE_RANGE)
	require.ErrorIs(t, f.AddGrp(1, "sixteen__letters"), libnl.NLE_INVAL)
	require.NoError(t, f.AddOp(1, 2))
	require.NoError(t, f.AddGrp(5, "group"))
	require.Equal(t, "fifteen_letters", f.GetName())
	require.EqualValues(t, []uint32{17, 2, 8, 31}, []uint32{f.GetId(), uint32(f.GetVersion()), f.GetHdrsize(), f.GetMaxattr()})
	require.NoError(t, f.Put())
	require.NoError(t, f.Put())
	libnl.OnMisuse(nil)
	defer libnl.OnMisuse(noMisuse)
	for _, f := range []*genl.Family{nil, f, {}} {
		require.Empty(t, f.GetName())
		require.ErrorIs(t, f.SetName("x"), libnl.ErrFreed)
		require.ErrorIs(t, f.AddOp(1, 1), libnl.ErrFreed)
		require.ErrorIs(t, f.AddGrp(1, "x"), libnl.ErrFreed)
		require.Zero(t, f.GetMaxattr())
		f.SetId(1)
		require.NoError(t, f.Put())
	}
	require.ErrorIs(t, genl.Connect(nil), libnl.ErrFreed)
	_, err = genl.CtrlResolve(nil, "nlctrl")
	require.ErrorIs(t, err, libnl.ErrFreed)
	_, err = genl.Put(nil, 0, 0, 1, 0, 0, 0, 0)
	require.ErrorIs(t, err, libnl.ErrFreed)
	_, err = genl.SendSimple(nil, 1, 1, 1, 0)
	require.ErrorIs(t, err, libnl.ErrFreed)
}

func TestFamilyFromManyGoroutines(t *testing.T) {
	f, err := genl.FamilyAlloc()
	require.NoError(t, err)
	done := make(chan error)
	for i := range 4 {
		go func() {
			var errs error
			for range 200 {
				errs = errors.Join(errs, f.SetName(fmt.Sprint(i)), f.AddGrp(uint32(i), "group"))
				_ = f.GetName()
				runtime.Gosched()
			}
			done <- errs
		}()
	}
	for range 4 {
		require.NoError(t, <-done)
	}
	require.NoError(t, f.Put())
}

func TestCtrlCache(t *testing.T) {
	s := connected(t)
	cache, err := genl.CtrlAllocCache(s)
	require.NoError(t, err)
	require.Positive(t, cache.Nitems())
	byID, byName := genl.CtrlSearch(cache, genl.GENL_ID_CTRL), genl.CtrlSearchByName(cache, "nlctrl")
	require.Equal(t, "nlctrl", byID.GetName())
	require.EqualValues(t, genl.GENL_ID_CTRL, byName.GetId())
	require.EqualValues(t, 2, byName.GetVersion())
	require.Nil(t, genl.CtrlSearch(cache, 1))
	require.Nil(t, genl.CtrlSearchByName(cache, "no such family"))
	require.Nil(t, genl.CtrlSearchByName(cache, "nlctrl\x00"))
	require.NoError(t, byID.Put())
	require.NoError(t, cache.Put())
	require.Equal(t, "nlctrl", byName.GetName(), "it outlives the cache")
	require.NoError(t, byName.Put())

	libnl.OnMisuse(nil)
	defer libnl.OnMisuse(noMisuse)
	require.Nil(t, genl.CtrlSearch(cache, genl.GENL_ID_CTRL))
	require.Nil(t, genl.CtrlSearch(nil, genl.GENL_ID_CTRL))
}

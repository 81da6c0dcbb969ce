package genl_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/genl"
)

// register registers a family for the time of the test.
func register(t *testing.T, ops *genl.Ops) {
	t.Helper()
	require.NoError(t, genl.RegisterFamily(ops))
	t.Cleanup(func() { require.NoError(t, genl.UnregisterFamily(ops)) })
}

// request makes a message of a family, as if it had been received.
func request(t *testing.T, family int, cmd uint8, user ...byte) *libnl.Msg {
	t.Helper()
	m := newMsg(t)
	room, err := genl.Put(m, 0, 0, family, len(user), 0, cmd, 1)
	require.NoError(t, err)
	require.NoError(t, room.Write(user))
	m.SetSrc(libnl.SockaddrNl{NlFamily: 16, NlPid: 7})
	return m
}

// libnl's test-genl: a family is registered, resolved, and gets its messages.
func TestRegisterResolveHandle(t *testing.T) {
	s := connected(t)
	var got *genl.Info
	ops := &genl.Ops{Name: "nlctrl", Cmds: []genl.Cmd{{
		Id: unix.CTRL_CMD_NEWFAMILY, Name: "NEWFAMILY", Maxattr: unix.CTRL_ATTR_MCAST_GROUPS,
		Policy: []libnl.NlaPolicy{
			unix.CTRL_ATTR_FAMILY_ID:   {Type: libnl.NLA_U16},
			unix.CTRL_ATTR_FAMILY_NAME: {Type: libnl.NLA_STRING, Maxlen: genl.GENL_NAMSIZ},
		},
		MsgParser: func(cmd *genl.Cmd, info *genl.Info) (libnl.CbAction, error) {
			require.Equal(t, "NEWFAMILY", cmd.Name)
			got = info
			return libnl.NL_OK, nil
		},
	}}}
	err := genl.RegisterFamily(ops)
	if errors.Is(err, libnl.NLE_EXIST) { // libnl-genl registers the controller itself, under this name
		ops.Name = "acpi_event"
		if err = genl.OpsResolve(s, ops); err == nil {
			require.Positive(t, ops.Id)
		}
		ops.Name, ops.Id = "stands_for_ctrl", 0
		register(t, ops)
		ops = &genl.Ops{Name: "nlctrl"}
		require.NoError(t, genl.OpsResolve(s, ops), "a family need not be registered to be resolved")
		require.Equal(t, genl.GENL_ID_CTRL, ops.Id)
		return
	}
	require.NoError(t, err)
	defer func() { require.NoError(t, genl.UnregisterFamily(ops)) }()

	require.NoError(t, genl.OpsResolve(s, ops))
	require.Equal(t, genl.GENL_ID_CTRL, ops.Id)
	ops.Id = 0
	require.NoError(t, genl.MngtResolve(s))
	require.Equal(t, genl.GENL_ID_CTRL, ops.Id)
	name, ok := genl.Op2name(ops.Id, unix.CTRL_CMD_NEWFAMILY)
	require.True(t, ok)
	require.Equal(t, "NEWFAMILY", name)

	require.NoError(t, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, genl.HandleMsg))
	_, err = genl.SendSimple(s, ops.Id, unix.CTRL_CMD_GETFAMILY, 1, libnl.NLM_F_DUMP)
	require.NoError(t, err)
	require.NoError(t, s.RecvmsgsDefault())
	require.NotNil(t, got)
	require.EqualValues(t, unix.CTRL_CMD_NEWFAMILY, got.Genlhdr.Cmd)
	require.NotEmpty(t, got.Attrs[unix.CTRL_ATTR_FAMILY_NAME].GetString())
	require.Zero(t, got.Who.NlPid)
}

func TestHandleMsg(t *testing.T) {
	mine := errors.New("mine")
	var info *genl.Info
	ops := &genl.Ops{Name: "handled", Id: 0x321, Hdrsize: 4, Cmds: []genl.Cmd{
		{Id: 1, Name: "ONE", Maxattr: 3, Policy: []libnl.NlaPolicy{2: {Type: libnl.NLA_U32}},
			MsgParser: func(_ *genl.Cmd, i *genl.Info) (libnl.CbAction, error) { info = i; return libnl.NL_SKIP, nil }},
		{Id: 2, Name: "TWO"},
		{Id: 3, Name: "THREE", MsgParser: func(*genl.Cmd, *genl.Info) (libnl.CbAction, error) { return 0, mine }},
		{Id: 4, Name: "FOUR", MsgParser: func(*genl.Cmd, *genl.Info) (libnl.CbAction, error) { panic(mine) }},
	}}
	register(t, ops)
	require.ErrorIs(t, genl.RegisterFamily(ops), libnl.NLE_EXIST)
	require.ErrorIs(t, genl.RegisterFamily(&genl.Ops{Name: "handled"}), libnl.NLE_EXIST, "the name")
	require.ErrorIs(t, genl.RegisterFamily(&genl.Ops{Name: "other", Id: 0x321}), libnl.NLE_EXIST, "the ID")

	m := request(t, ops.Id, 1, 9, 8, 7, 6)
	require.NoError(t, m.NlaPutU32(2, 5))
	require.NoError(t, m.NlaPutU32(4, 5), "beyond what is parsed")
	act, err := genl.HandleMsg(m)
	require.NoError(t, err)
	require.Equal(t, libnl.NL_SKIP, act)
	require.Len(t, info.Attrs, 4)
	require.EqualValues(t, 5, info.Attrs[2].GetU32())
	require.Nil(t, info.Attrs[3])
	require.Equal(t, []byte{9, 8, 7, 6}, info.Userhdr[:4])
	require.EqualValues(t, 7, info.Who.NlPid)
	require.Equal(t, m.Hdr().Bytes(), info.Nlh.Bytes())

	m = request(t, ops.Id, 1, 9, 8, 7, 6)
	require.NoError(t, m.NlaPutU8(2, 5))
	_, err = genl.HandleMsg(m)
	require.ErrorIs(t, err, libnl.NLE_RANGE, "the policy")
	_, err = genl.HandleMsg(request(t, ops.Id, 1))
	require.ErrorIs(t, err, libnl.NLE_MSG_TOOSHORT, "no family header")
	_, err = genl.HandleMsg(request(t, ops.Id, 2, 0, 0, 0, 0))
	require.ErrorIs(t, err, libnl.NLE_OPNOTSUPP)
	_, err = genl.HandleMsg(request(t, ops.Id, 99, 0, 0, 0, 0))
	require.ErrorIs(t, err, libnl.NLE_MSGTYPE_NOSUPPORT)
	_, err = genl.HandleMsg(request(t, 0x322, 1, 0, 0, 0, 0))
	require.ErrorIs(t, err, libnl.NLE_MSGTYPE_NOSUPPORT)
	_, err = genl.HandleMsg(newMsg(t))
	require.ErrorIs(t, err, libnl.NLE_INVAL)
	_, err = genl.HandleMsg(request(t, ops.Id, 3, 0, 0, 0, 0))
	require.Same(t, mine, err)
	require.Panics(t, func() { _, _ = genl.HandleMsg(request(t, ops.Id, 4, 0, 0, 0, 0)) })
	name, ok := genl.Op2name(ops.Id, 2)
	require.True(t, ok)
	require.Equal(t, "TWO", name)
}

// The list is in use while a message is handled.
func TestRegisterInParser(t *testing.T) {
	ops := &genl.Ops{Name: "reentrant", Id: 0x323}
	ops.Cmds = []genl.Cmd{{Id: 1, MsgParser: func(*genl.Cmd, *genl.Info) (libnl.CbAction, error) {
		require.ErrorIs(t, genl.UnregisterFamily(ops), libnl.ErrBusy)
		require.ErrorIs(t, genl.RegisterFamily(&genl.Ops{Name: "x"}), libnl.ErrBusy)
		_, ok := genl.Op2name(ops.Id, 1)
		require.True(t, ok, "reading it is in order")
		return libnl.NL_OK, nil
	}}}
	register(t, ops)
	_, err := genl.HandleMsg(request(t, ops.Id, 1))
	require.NoError(t, err)
}

func TestRegisterRefuses(t *testing.T) {
	for name, ops := range map[string]*genl.Ops{"nil": nil, "no name": {}, "NUL": {Name: "a\x00b"}} {
		require.ErrorIs(t, genl.RegisterFamily(ops), libnl.NLE_INVAL, name)
	}
	for name, ops := range map[string]*genl.Ops{
		"header":  {Name: "x", Hdrsize: 1 << 20},
		"ID":      {Name: "x", Id: -1},
		"maxattr": {Name: "x", Cmds: []genl.Cmd{{Maxattr: 1 << 20}}},
		"policy":  {Name: "x", Cmds: []genl.Cmd{{Policy: []libnl.NlaPolicy{{Type: 999}}}}},
	} {
		require.ErrorIs(t, genl.RegisterFamily(ops), libnl.NLE_RANGE, name)
	}
	require.NoError(t, genl.UnregisterFamily(nil))
	require.NoError(t, genl.UnregisterFamily(&genl.Ops{Name: "never"}))
	require.ErrorIs(t, genl.OpsResolve(connected(t), nil), libnl.NLE_INVAL)
	require.ErrorIs(t, genl.OpsResolve(connected(t), &genl.Ops{Name: "no such family"}), libnl.NLE_OBJ_NOTFOUND)
}

func TestRegisterFromManyGoroutines(t *testing.T) {
	m := request(t, 0x324, 1)
	done := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			ops := &genl.Ops{Name: "contended", Id: 0x324, Cmds: []genl.Cmd{{Id: 1, Name: "ONE", MsgParser: genlOK}}}
			for range 300 {
				_ = genl.RegisterFamily(ops)
				_, _ = genl.HandleMsg(m)
				_, _ = genl.Op2name(0x324, 1)
				for errors.Is(genl.UnregisterFamily(ops), libnl.ErrBusy) {
					runtime.Gosched()
				}
			}
		}()
	}
	for range 4 {
		<-done
	}
}

func genlOK(*genl.Cmd, *genl.Info) (libnl.CbAction, error) { return libnl.NL_OK, nil }

func TestRegisterCacheOps(t *testing.T) {
	ctrl := libnl.CacheOpsLookup("genl/family")
	require.NotNil(t, ctrl)
	require.ErrorIs(t, genl.Register(ctrl), libnl.NLE_EXIST)
	require.NoError(t, genl.Unregister(ctrl))
	require.ErrorIs(t, genl.Unregister(ctrl), libnl.NLE_INVAL, "C takes it off the list twice")
	require.Nil(t, libnl.CacheOpsLookup("genl/family"))
	require.NoError(t, genl.Register(ctrl))
	require.Same(t, ctrl, libnl.CacheOpsLookup("genl/family"))
	libnl.OnMisuse(nil)
	defer libnl.OnMisuse(noMisuse)
	require.ErrorIs(t, genl.Register(nil), libnl.ErrFreed)
	require.ErrorIs(t, genl.Unregister(nil), libnl.ErrFreed)
}

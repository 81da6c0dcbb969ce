package genl_test

import (
	"errors"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/genl"
	"github.com/golibnl/golibnl/libnl/internal/coretest"
)

func TestLeakFamily(t *testing.T) {
	coretest.KeepsNothing(t, coretest.Cycles(50_000), func() {
		f, err := genl.FamilyAlloc()
		require.NoError(t, err)
		require.NoError(t, f.SetName("leak"))
		require.NoError(t, f.AddOp(1, 2))
		require.NoError(t, f.AddGrp(3, "group"))
		require.NoError(t, f.Put())
	})
}

func TestLeakCtrl(t *testing.T) {
	s := connected(t)
	coretest.KeepsNothing(t, coretest.Cycles(10_000), func() {
		id, err := genl.CtrlResolve(s, "nlctrl")
		require.NoError(t, err)
		_, err = genl.CtrlResolve(s, "no such family")
		require.Error(t, err)
		_, err = genl.CtrlResolveGrp(s, "nlctrl", "notify")
		require.NoError(t, err)
		c, err := genl.CtrlAllocCache(s)
		require.NoError(t, err)
		for _, f := range []*genl.Family{genl.CtrlSearch(c, id), genl.CtrlSearchByName(c, "nlctrl")} {
			require.Equal(t, "nlctrl", f.GetName())
			require.NoError(t, f.Put())
		}
		require.Nil(t, genl.CtrlSearch(c, -1))
		require.NoError(t, c.Put())
	})
}

func TestLeakRegister(t *testing.T) {
	s := connected(t)
	name, _ := otherFamily(t)
	cause := errors.New("enough")
	coretest.KeepsNothing(t, coretest.Cycles(5_000), func() {
		what := libnl.NL_OK
		ops := &genl.Ops{Name: name, Cmds: []genl.Cmd{
			{Id: 3, Name: "get", Maxattr: 2, Policy: []libnl.NlaPolicy{{}, {Type: libnl.NLA_U16}}, MsgParser: func(*genl.Cmd, *genl.Info) (libnl.CbAction, error) {
				switch what {
				case libnl.NL_SKIP:
					return what, cause
				case libnl.NL_STOP:
					panic(cause)
				}
				return what, nil
			}},
			{Id: 4, Name: "other"},
		}}
		require.NoError(t, genl.RegisterFamily(ops))
		require.Error(t, genl.RegisterFamily(ops))
		require.NoError(t, genl.OpsResolve(s, ops))
		m, err := libnl.NlmsgAlloc()
		require.NoError(t, err)
		_, err = genl.Put(m, 0, 0, ops.Id, 0, 0, 3, 1)
		require.NoError(t, err)
		_, err = genl.HandleMsg(m)
		require.NoError(t, err)
		what = libnl.NL_SKIP
		_, err = genl.HandleMsg(m)
		require.ErrorIs(t, err, cause)
		what = libnl.NL_STOP
		require.Panics(t, func() { _, _ = genl.HandleMsg(m) })
		require.NoError(t, m.Free())
		require.NoError(t, genl.UnregisterFamily(ops))
	})
}

// A goroutine that exits in a parser leaves nothing behind: genl_handle_msg has its attributes on the stack, or in memory
// that is freed when it returns, which is why the family here has none.
func TestLeakParserGoexit(t *testing.T) {
	ops := &genl.Ops{Name: "leak", Id: 4000, Cmds: []genl.Cmd{{Id: 3, MsgParser: func(*genl.Cmd, *genl.Info) (libnl.CbAction, error) {
		runtime.Goexit()
		return libnl.NL_OK, nil
	}}}}
	register(t, ops)
	m := request(t, 4000, 3)
	coretest.KeepsNothing(t, coretest.Cycles(5_000), func() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, _ = genl.HandleMsg(m)
			t.Error("the goroutine goes on")
		}()
		<-done
	})
}

package genl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/genl"
	"github.com/golibnl/golibnl/libnl/internal/coretest"
)

func TestInteropFamily(t *testing.T) {
	p := ctest.NewFamily()
	f, err := genl.FamilyFromPointer(p)
	require.NoError(t, err)
	require.Equal(t, "from-c", f.GetName())
	require.NoError(t, f.SetName("from-go"))
	require.Equal(t, "from-go", ctest.FamilyName(p))
	ctest.PutFamily(p)
	require.Equal(t, "from-go", ctest.FamilyName(f.Pointer()), "Go has a reference of its own")
	require.NoError(t, f.Release())
	require.NoError(t, f.Release(), "there is nothing left to do")
	libnl.OnMisuse(nil)
	defer libnl.OnMisuse(noMisuse)
	require.Nil(t, f.Pointer())
	require.Nil(t, (*genl.Family)(nil).Pointer())
	_, err = genl.FamilyFromPointer(nil)
	require.ErrorIs(t, err, libnl.NLE_INVAL)
}

// otherFamily returns the name and the ID of a family that is not the controller, which libnl itself has registered.
func otherFamily(t *testing.T) (name string, id int) {
	t.Helper()
	c, err := genl.CtrlAllocCache(connected(t))
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Put()) }()
	for id := genl.GENL_ID_CTRL + 1; id <= 1023; id++ {
		if f := genl.CtrlSearch(c, id); f != nil {
			defer func() { require.NoError(t, f.Put()) }()
			return f.GetName(), id
		}
	}
	t.Skip("this machine has no generic netlink family but the controller")
	return "", 0
}

// C resolves a family that Go has registered, and handles a message for it.
func TestInteropOps(t *testing.T) {
	name, want := otherFamily(t)
	handled := 0
	ops := &genl.Ops{Name: name, Cmds: []genl.Cmd{{Id: 3, MsgParser: func(cmd *genl.Cmd, _ *genl.Info) (libnl.CbAction, error) {
		require.EqualValues(t, 3, cmd.Id)
		handled++
		return libnl.NL_SKIP, nil
	}}}}
	require.Nil(t, ops.Pointer(), "it is not registered")
	register(t, ops)
	id := ctest.OpsResolve(ops.Pointer())
	require.Equal(t, want, id)
	require.EqualValues(t, libnl.NL_SKIP, ctest.GenlHandle(request(t, id, 3).Pointer()))
	require.Equal(t, 1, handled)
	require.Nil(t, (*genl.Ops)(nil).Pointer())
}

func TestLeakInteropFamily(t *testing.T) {
	coretest.KeepsNothing(t, coretest.Cycles(50_000), func() {
		p := ctest.NewFamily()
		f, err := genl.FamilyFromPointer(p)
		require.NoError(t, err)
		require.NoError(t, f.Release())
		ctest.PutFamily(p)
	})
}

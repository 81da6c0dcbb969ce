package libnl_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

func TestEachCallbackType(t *testing.T) {
	for typ, flags := range map[libnl.CbType]header{
		libnl.NL_CB_VALID:     {Type: 0x20},
		libnl.NL_CB_FINISH:    {Type: libnl.NLMSG_DONE},
		libnl.NL_CB_OVERRUN:   {Type: libnl.NLMSG_OVERRUN},
		libnl.NL_CB_SKIPPED:   {Type: libnl.NLMSG_NOOP},
		libnl.NL_CB_MSG_IN:    {Type: 0x20},
		libnl.NL_CB_SEQ_CHECK: {Type: 0x20},
		libnl.NL_CB_SEND_ACK:  {Type: 0x20, Flags: libnl.NLM_F_ACK},
		libnl.NL_CB_DUMP_INTR: {Type: 0x20, Flags: libnl.NLM_F_DUMP_INTR},
		libnl.NL_CB_INVALID:   {Type: 0x20, Seq: 1},
	} {
		t.Run(typ.String(), func(t *testing.T) {
			s := injected(t, func(seq uint32) [][]byte {
				flags.Seq += seq
				return [][]byte{message(flags, 0, 0, 0, 0)}
			})
			cb, err := s.GetCb()
			require.NoError(t, err)
			defer func() { require.NoError(t, cb.Put()) }()
			n := 0
			require.NoError(t, cb.Set(typ, libnl.NL_CB_CUSTOM, func(m *libnl.Msg) (libnl.CbAction, error) {
				n++
				require.Equal(t, typ, cb.ActiveType())
				require.Equal(t, flags.Type, m.Hdr().NlmsgType)
				return libnl.NL_OK, nil
			}))
			require.Equal(t, libnl.NL_CB_TYPE_MAX+1, cb.ActiveType())
			require.NoError(t, s.RecvmsgsDefault())
			require.Equal(t, 1, n)
			require.Equal(t, libnl.NL_CB_TYPE_MAX+1, cb.ActiveType())
		})
	}
}

func TestCloneChangesIndependently(t *testing.T) {
	s := newSocket(t)
	seq := s.UseSeq()
	var got []string
	say := func(what string) libnl.MsgCb {
		return func(*libnl.Msg) (libnl.CbAction, error) { got = append(got, what); return libnl.NL_OK, nil }
	}
	hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		return data(seq, 0, 1), libnl.SockaddrNl{}, nil, nil
	})
	require.NoError(t, s.ModifyCb(libnl.NL_CB_MSG_IN, libnl.NL_CB_CUSTOM, say("in")))
	onValid(t, s, say("valid"))
	cb, err := s.GetCb()
	require.NoError(t, err)
	clone, err := cb.Clone()
	require.NoError(t, err)
	onValid(t, s, say("changed"))
	require.NoError(t, cb.Set(libnl.NL_CB_MSG_IN, libnl.NL_CB_DEFAULT, nil))
	require.NoError(t, s.Recvmsgs(clone), "with the receive hook")
	require.NoError(t, s.RecvmsgsDefault())
	require.Equal(t, []string{"in", "valid", "changed"}, got)
	require.NoError(t, cb.Put())
	require.NoError(t, clone.Put())
}

func TestKindsReplaceCustomCallbacks(t *testing.T) {
	s := newSocket(t)
	seq := s.UseSeq()
	hook(t, s, func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		return data(seq, 0, 1), libnl.SockaddrNl{}, nil, nil
	})
	n := 0
	count := func(*libnl.Msg) (libnl.CbAction, error) { n++; return libnl.NL_OK, nil }
	onValid(t, s, count)
	require.NoError(t, s.RecvmsgsDefault())
	require.NoError(t, s.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_DEFAULT, count))
	require.NoError(t, s.RecvmsgsDefault(), "the function is for NL_CB_CUSTOM only")
	onValid(t, s, nil)
	require.NoError(t, s.RecvmsgsDefault(), "no function is no callback")
	require.Equal(t, 1, n)
}

func TestKeptMessageOutlivesCallback(t *testing.T) {
	s := injected(t, func(seq uint32) [][]byte { return [][]byte{data(seq, 0, 1, 2)} })
	var kept []*libnl.Msg
	var lost *libnl.Msg
	onValid(t, s, func(m *libnl.Msg) (libnl.CbAction, error) {
		lost = m
		if len(kept) == 0 {
			lost = nil
			k, err := m.Get()
			require.NoError(t, err)
			kept = append(kept, k)
		}
		return libnl.NL_OK, nil
	})
	require.NoError(t, s.RecvmsgsDefault())
	require.Equal(t, []byte{1, 1, 1, 1}, kept[0].Hdr().Data())
	require.EqualValues(t, 16, kept[0].GetSrc().NlFamily)
	require.NoError(t, kept[0].Free())
	expectMisuse(t, 2, func() {
		require.Nil(t, lost.Hdr(), "it was borrowed until the callback returned")
		require.Nil(t, kept[0].Hdr())
	})
	require.NoError(t, lost.Free())
}

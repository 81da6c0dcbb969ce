package libnl_test

import (
	"errors"
	"math"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

func TestNlmsgAlloc(t *testing.T) {
	m := newMsg(t)
	require.Equal(t, os.Getpagesize(), m.GetMaxSize(), "header included")
	require.Equal(t, -1, m.GetProto())
	require.Nil(t, m.GetCreds())
	require.Equal(t, message(header{}), m.Hdr().Bytes())

	for size, want := range map[int]int{0: 16, 15: 16, 16: 16, 17: 17, 1 << 20: 1 << 20} {
		require.Equal(t, want, sizedMsg(t, size).GetMaxSize())
	}
	for _, size := range []int{-1, 1<<30 + 1, math.MinInt, math.MaxInt} {
		_, err := libnl.NlmsgAllocSize(size)
		require.ErrorIs(t, err, libnl.NLE_RANGE, "size %d", size)
		require.ErrorIs(t, libnl.NlmsgSetDefaultSize(size), libnl.NLE_RANGE, "size %d", size)
	}
}

func TestNlmsgAllocSimple(t *testing.T) {
	m, err := libnl.NlmsgAllocSimple(0x1234, libnl.NLM_F_DUMP)
	require.NoError(t, err)
	defer func() { require.NoError(t, m.Free()) }()
	require.Equal(t, message(header{Type: 0x1234, Flags: libnl.NLM_F_DUMP}), m.Hdr().Bytes(), "the rest is left to SendAuto")
	require.Equal(t, os.Getpagesize(), m.GetMaxSize())
}

func TestNlmsgSetDefaultSize(t *testing.T) {
	defer func() { require.NoError(t, libnl.NlmsgSetDefaultSize(os.Getpagesize())) }()
	for size, want := range map[int]int{100: 100, 0: 16} {
		require.NoError(t, libnl.NlmsgSetDefaultSize(size))
		require.Equal(t, want, newMsg(t).GetMaxSize())
	}
}

func TestNlmsgInherit(t *testing.T) {
	for _, hdr := range []*libnl.Nlmsghdr{
		{NlmsgType: 1, NlmsgFlags: 2, NlmsgSeq: 3, NlmsgPid: 4},
		{NlmsgLen: math.MaxUint32, NlmsgType: 1, NlmsgFlags: 2, NlmsgSeq: 3, NlmsgPid: 4}, // the length is not inherited
		hdrOf(t, message(header{Type: 1, Flags: 2, Seq: 3, Pid: 4}, 5, 6, 7, 8)),          // nor the payload
	} {
		m, err := libnl.NlmsgInherit(hdr)
		require.NoError(t, err)
		require.Equal(t, message(header{Type: 1, Flags: 2, Seq: 3, Pid: 4}), m.Hdr().Bytes())
		require.Equal(t, os.Getpagesize(), m.GetMaxSize())
		require.NoError(t, m.Free())
	}
	m, err := libnl.NlmsgInherit(nil)
	require.NoError(t, err)
	require.Equal(t, message(header{}), m.Hdr().Bytes())
	require.NoError(t, m.Free())
}

func TestNlmsgConvert(t *testing.T) {
	b := message(header{Type: 1, Flags: 2, Seq: 3, Pid: 4}, 5, 6, 7, 8, 9)
	h := hdrOf(t, b)
	m := convert(t, h)
	require.Equal(t, b[:21], m.Hdr().Bytes())
	require.Equal(t, 24, m.GetMaxSize(), "no room for more")
	require.Equal(t, -1, m.GetProto())
	b[20] = 0
	require.EqualValues(t, 9, m.Hdr().Data()[4], "it is a copy")
	b[20] = 9

	h.NlmsgType, h.NlmsgLen = 7, 18
	require.Equal(t, append(message(header{Type: 7, Flags: 2, Seq: 3, Pid: 4}), 5, 6)[4:18], convert(t, h).Hdr().Bytes()[4:],
		"the fields count, as they do in C")
	require.Equal(t, message(header{Type: 9}), convert(t, &libnl.Nlmsghdr{NlmsgLen: 16, NlmsgType: 9}).Hdr().Bytes())

	for _, n := range []uint32{0, 15, 22, 24, 1 << 31, math.MaxUint32} {
		h.NlmsgLen = n
		_, err := libnl.NlmsgConvert(h)
		require.ErrorIs(t, err, libnl.NLE_MSG_TRUNC, "length %d", n)
	}
	for _, n := range []uint32{0, 15, 17, math.MaxUint32} {
		_, err := libnl.NlmsgConvert(&libnl.Nlmsghdr{NlmsgLen: n})
		require.ErrorIs(t, err, libnl.NLE_MSG_TRUNC, "length %d without a message", n)
	}
	_, err := libnl.NlmsgConvert(nil)
	require.ErrorIs(t, err, libnl.NLE_INVAL)
}

// convert makes a message of a header that ends with the test.
func convert(t *testing.T, h *libnl.Nlmsghdr) *libnl.Msg {
	t.Helper()
	m, err := libnl.NlmsgConvert(h)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Free()) })
	return m
}

func TestMsgReferences(t *testing.T) {
	m, err := libnl.NlmsgAlloc()
	require.NoError(t, err)
	for range 2 {
		same, err := m.Get()
		require.NoError(t, err)
		require.Same(t, m, same)
	}
	require.NoError(t, m.Free())
	require.NoError(t, m.Free())
	require.NoError(t, m.NlaPutU8(1, 1), "one reference is left")
	require.NoError(t, m.Free())
	require.NoError(t, m.Free(), "there is nothing left to do")
	expectMisuse(t, 2, func() {
		require.ErrorIs(t, m.NlaPutU8(1, 1), libnl.ErrFreed)
		_, err = m.Get()
		require.ErrorIs(t, err, libnl.ErrFreed)
	})
	require.NoError(t, m.Free())
	require.NoError(t, (*libnl.Msg)(nil).Free())
	require.NoError(t, new(libnl.Msg).Free())
}

func TestMsgAddresses(t *testing.T) {
	m := newMsg(t)
	require.Equal(t, libnl.SockaddrNl{}, m.GetSrc())
	require.Equal(t, libnl.SockaddrNl{}, m.GetDst())
	src := libnl.SockaddrNl{NlFamily: 16, NlPid: math.MaxUint32, NlGroups: 1 << 31}
	dst := libnl.SockaddrNl{NlFamily: 16, NlPid: 2, NlGroups: 3}
	m.SetSrc(src)
	m.SetDst(dst)
	require.Equal(t, src, m.GetSrc())
	require.Equal(t, dst, m.GetDst())

	who := libnl.Ucred{Pid: 1, Uid: math.MaxUint32, Gid: 3}
	m.SetCreds(who)
	require.Equal(t, &who, m.GetCreds())
	m.GetCreds().Pid = 9
	require.Equal(t, &who, m.GetCreds(), "the result is a copy")

	for _, proto := range []int{libnl.NETLINK_GENERIC, 0, -1, math.MaxInt32, math.MinInt32} {
		m.SetProto(proto)
		require.Equal(t, proto, m.GetProto())
	}
}

// A message that is kept after its callback keeps all that came with it.
func TestMsgGetInCallback(t *testing.T) {
	s := injected(t, func(seq uint32) [][]byte { return [][]byte{data(seq, 0, 1, 2)} })
	var kept []*libnl.Msg
	onValid(t, s, func(m *libnl.Msg) (libnl.CbAction, error) {
		require.ErrorIs(t, m.Free(), libnl.ErrBorrowed)
		m.SetCreds(libnl.Ucred{Pid: 5})
		m.SetDst(libnl.SockaddrNl{NlPid: 6})
		m.SetProto(7)
		k, err := m.Get()
		require.NoError(t, err)
		require.Same(t, m, k)
		kept = append(kept, k)
		return libnl.NL_OK, nil
	})
	require.NoError(t, s.RecvmsgsDefault())
	require.Len(t, kept, 2)
	for i, m := range kept {
		require.Equal(t, message(header{Type: 0x20, Seq: m.Hdr().NlmsgSeq}, byte(i+1), byte(i+1), byte(i+1), byte(i+1)), m.Hdr().Bytes())
		require.EqualValues(t, 16, m.GetSrc().NlFamily)
		require.EqualValues(t, 6, m.GetDst().NlPid)
		require.EqualValues(t, 5, m.GetCreds().Pid)
		require.Equal(t, 7, m.GetProto())
		require.NoError(t, m.Free())
	}
}

func TestMsgExpiresWithCallback(t *testing.T) {
	s := injected(t, func(seq uint32) [][]byte { return [][]byte{data(seq, 0, 1)} })
	var stale *libnl.Msg
	onValid(t, s, func(m *libnl.Msg) (libnl.CbAction, error) { stale = m; return libnl.NL_OK, nil })
	require.NoError(t, s.RecvmsgsDefault())
	expectMisuse(t, 3, func() {
		require.Nil(t, stale.Hdr())
		require.ErrorIs(t, stale.NlaPutU8(1, 1), libnl.ErrFreed)
		_, err := stale.Get()
		require.ErrorIs(t, err, libnl.ErrFreed)
	})
	require.NoError(t, stale.Free())
}

// failing is a writer that does not write.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestMsgDump(t *testing.T) {
	m := newMsg(t)
	_, err := m.Put(7, 8, libnl.NLMSG_NOOP, 0, libnl.NLM_F_REQUEST|libnl.NLM_F_ACK)
	require.NoError(t, err)
	require.NoError(t, m.Append([]byte("abcd"), 0))
	var text strings.Builder
	require.NoError(t, m.Dump(&text))
	lines := strings.Split(text.String(), "\n")
	require.Equal(t, "--------------------------   BEGIN NETLINK MESSAGE ---------------------------", lines[0])
	require.Equal(t, "---------------------------  END NETLINK MESSAGE   ---------------------------", lines[len(lines)-2])
	require.Empty(t, lines[len(lines)-1])
	for _, want := range []string{".nlmsg_len = 20", ".type = 1 <NOOP>", ".flags = 5 <REQUEST,ACK>", ".seq = 8", ".port = 7", "61 62 63 64"} {
		require.Contains(t, text.String(), want)
	}

	mine := errors.New("mine")
	require.Same(t, mine, m.Dump(failing{mine}))
	expectMisuse(t, 1, func() { require.ErrorIs(t, (*libnl.Msg)(nil).Dump(&text), libnl.ErrFreed) })
}

// A writer may use the message that it is writing.
func TestMsgDumpWriterUsesMessage(t *testing.T) {
	m := newMsg(t)
	within(t, func() { _ = m.Dump(writerFunc(func(b []byte) (int, error) { return len(b), m.NlaPutU8(1, 1) })) })
	requirePayload(t, m, rawAttr(1, 1))
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(b []byte) (int, error) { return f(b) }

func TestNlmsgNames(t *testing.T) {
	require.Equal(t, "DONE", libnl.Nlmsgtype2str(libnl.NLMSG_DONE))
	require.Equal(t, "0x10", libnl.Nlmsgtype2str(0x10))
	n, err := libnl.Str2nlmsgtype("overrun")
	require.NoError(t, err)
	require.Equal(t, libnl.NLMSG_OVERRUN, n)
	_, err = libnl.Str2nlmsgtype("nothing of the kind")
	require.ErrorIs(t, err, libnl.NLE_OBJ_NOTFOUND)
	require.Empty(t, libnl.NlmsgFlags2str(0))
	require.Equal(t, "REQUEST,ACK,ROOT,MATCH", libnl.NlmsgFlags2str(libnl.NLM_F_REQUEST|libnl.NLM_F_ACK|libnl.NLM_F_DUMP))
	require.Equal(t, "MULTI,0x10", libnl.NlmsgFlags2str(libnl.NLM_F_MULTI|libnl.NLM_F_DUMP_INTR))
}

// Calls take turns: what each goroutine puts is there in the end, whole.
func TestMsgFromManyGoroutines(t *testing.T) {
	const goroutines, puts = 8, 200
	m := sizedMsg(t, 64)
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range puts {
				err := m.NlaPutU32(g+1, uint32(i))
				for errors.Is(err, libnl.NLE_NOMEM) {
					_ = m.Expand(m.GetMaxSize() + 64) // another goroutine may have done it
					err = m.NlaPutU32(g+1, uint32(i))
				}
				if err != nil {
					t.Error(err)
				}
				if h := m.Hdr(); int(h.NlmsgLen) != len(h.Bytes()) {
					t.Error("a snapshot of half a message")
				}
				m.SetProto(g)
				if p := m.GetProto(); p < 0 || p >= goroutines {
					t.Error("protocol", p)
				}
				if k, err := m.Get(); err != nil || k.Free() != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	next := [goroutines + 1]uint32{}
	for a := range m.Hdr().ForEachAttr(0) {
		require.Equal(t, next[a.Type()], a.GetU32(), "each goroutine's in its order")
		next[a.Type()]++
	}
	for _, n := range next[1:] {
		require.EqualValues(t, puts, n)
	}
}

// Two messages that are nested in each other do not wait for one another.
func TestMsgNestedInEachOther(t *testing.T) {
	a, b := sizedMsg(t, 1<<16), sizedMsg(t, 1<<16)
	within(t, func() {
		var wg sync.WaitGroup
		for range rounds(500) {
			wg.Go(func() { _ = a.NlaPutNested(1, b) })
			wg.Go(func() { _ = b.NlaPutNested(1, a) })
		}
		wg.Wait()
	})
}

package libnl_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// What is tested here was wrong once.

func alloc(t *testing.T, b []byte) *libnl.Data {
	t.Helper()
	d, err := libnl.DataAlloc(b)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Free()) })
	return d
}

// nl_data_cmp compares as many bytes as the first has, whatever the second has.
func TestDataCmpOfDifferentLengths(t *testing.T) {
	small, large := alloc(t, make([]byte, 1<<10)), alloc(t, make([]byte, 64<<20))
	require.Positive(t, large.Cmp(small))
	require.Negative(t, small.Cmp(large))
	require.NotZero(t, alloc(t, []byte("abc")).Cmp(alloc(t, []byte("abcd"))))
	require.Zero(t, alloc(t, nil).Cmp(alloc(t, nil)))
	require.Zero(t, small.Cmp(small))
}

// Reading beside a comparison takes turns with it.
func TestDataReadBesideCmp(t *testing.T) {
	a, b := alloc(t, []byte("text")), alloc(t, []byte("text"))
	var wg sync.WaitGroup
	for _, pair := range [][2]*libnl.Data{{a, b}, {b, a}} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range rounds(2000) {
				if pair[0].Cmp(pair[1]) != 0 || pair[1].GetSize() != 4 {
					t.Error("a live object answers as if it were freed")
					return
				}
			}
		}()
	}
	wg.Wait()
}

// The length that counts is that of the snapshot, not what its bytes have come to say.
func TestDataAllocAttrOfChangedBytes(t *testing.T) {
	b := []byte{8, 0, 1, 0, 1, 2, 3, 4}
	binary.NativeEndian.PutUint16(b, 8)
	a, err := libnl.NlattrFrom(b)
	require.NoError(t, err)
	binary.NativeEndian.PutUint16(b, math.MaxUint16)
	d, err := libnl.DataAllocAttr(a)
	require.NoError(t, err)
	require.Equal(t, []byte{1, 2, 3, 4}, d.Get())
	require.NoError(t, d.Free())
}

// libnl prints as many bytes as the family has, whatever the address has.
func TestAddr2strOfTooFewBytes(t *testing.T) {
	const mpls = 28
	for _, c := range []struct {
		family int
		b      []byte
		want   string
	}{
		{2, []byte{192, 0, 2}, ""},
		{2, []byte{192, 0, 2, 1}, "192.0.2.1"},
		{10, []byte{1}, ""},
		{12, []byte{1}, ""},
		{mpls, make([]byte, 4096), ""},
		{mpls, []byte{0, 1, 0x01}, ""},
		{mpls, []byte{0, 0, 0x10, 0, 0, 0, 0x21, 0}, "1/2"},
		{99, []byte{1, 2}, "01:02"},
	} {
		a, err := libnl.AddrBuild(c.family, c.b)
		require.NoError(t, err)
		require.Equal(t, c.want, a.Addr2str(), "family %d, %x", c.family, c.b)
		require.NoError(t, a.Put())
	}
	long, err := libnl.AddrBuild(99, make([]byte, 4096))
	require.NoError(t, err)
	require.Less(t, len(long.Addr2str()), 257)
	require.NoError(t, long.Put())
}

func TestTextWithNUL(t *testing.T) {
	_, err := libnl.AddrParse("192.0.2.1\x00junk", 0)
	require.ErrorIs(t, err, libnl.NLE_NOADDR)
	_, err = libnl.Str2nlfamily("route\x00junk")
	require.ErrorIs(t, err, libnl.NLE_OBJ_NOTFOUND)
}

func TestNumbersBeyondInt(t *testing.T) {
	m := newMsg(t)
	h, err := m.Put(0, 0, 1, -(1<<32)+8, 0)
	require.NoError(t, err)
	require.EqualValues(t, libnl.NLMSG_HDRLEN, h.NlmsgLen, "no room for a negative payload")
	_, err = libnl.NlmsgAllocSimple(1<<16, 0)
	require.ErrorIs(t, err, libnl.NLE_RANGE)
	s := newSocket(t)
	_, err = s.SendSimple(0, -1, nil)
	require.ErrorIs(t, err, libnl.NLE_RANGE)
	require.Positive(t, libnl.NlmsgSize(math.MaxInt))
}

// A message that a Parse is running with can be read, and not changed.
func TestMsgReadInParse(t *testing.T) {
	m, other := linkMsg(t, linkPayload("lo")), newMsg(t)
	require.NoError(t, m.Parse(func(*libnl.Object) {
		require.NotNil(t, m.Hdr())
		require.NotZero(t, m.GetMaxSize())
		require.NoError(t, other.NlaPutNested(1, m))
		require.ErrorIs(t, m.NlaPutFlag(1), libnl.ErrBusy)
		require.ErrorIs(t, m.Free(), libnl.ErrBusy)
	}))
}

func TestMsgParseGoexitLeavesNothingBehind(t *testing.T) {
	m := linkMsg(t, linkPayload("lo"))
	keepsNothing(t, cycles(5_000), func() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = m.Parse(func(*libnl.Object) { runtime.Goexit() })
		}()
		<-done
	})
	require.NoError(t, m.Parse(func(*libnl.Object) {}), "the message is free again")
}

// What only looks like a nest is none.
func TestNestsAreKnown(t *testing.T) {
	m := newMsg(t)
	reserved, err := m.NlaReserve(1, 4)
	require.NoError(t, err)
	require.ErrorIs(t, m.NlaNestEnd(reserved), libnl.NLE_INVAL)

	start, err := m.NlaNestStart(2)
	require.NoError(t, err)
	inner, err := m.NlaNestStart(3)
	require.NoError(t, err)
	require.NoError(t, m.NlaNestCancel(start))
	require.NoError(t, m.NlaPutU32(4, 5))
	before := m.Hdr().Bytes()
	require.ErrorIs(t, m.NlaNestCancel(start), libnl.NLE_INVAL, "it would take the number away")
	require.ErrorIs(t, m.NlaNestEnd(inner), libnl.NLE_INVAL)
	require.Equal(t, before, m.Hdr().Bytes())
}

// An object that comes when the pickup is over is refused, and one that Go owns is copied.
func TestPickupEmitTooLate(t *testing.T) {
	s := answering(t)
	var kept *libnl.Object
	require.NoError(t, linkMsg(t, linkPayload("lo")).Parse(func(o *libnl.Object) {
		var err error
		kept, err = o.Get()
		require.NoError(t, err)
	}))
	var late func(*libnl.Object) error
	got, err := s.Pickup(func(_ libnl.SockaddrNl, _ *libnl.Nlmsghdr, emit func(*libnl.Object) error) error {
		late = emit
		return emit(kept)
	})
	require.NoError(t, err)
	require.ErrorIs(t, late(kept), libnl.NLE_INVAL)
	require.NoError(t, kept.Put())
	require.Equal(t, "route/link", got.GetType(), "it lives on its own")
	require.NoError(t, got.Put())
}

func TestNoWriter(t *testing.T) {
	require.ErrorIs(t, newMsg(t).Dump(nil), libnl.NLE_INVAL)
	require.ErrorIs(t, libnl.Perror(nil, libnl.NLE_PERM, ""), libnl.NLE_INVAL)
}

// The last attribute of a message may lack its padding, which nl_msg_dump prints.
func TestDumpOfUnpaddedAttribute(t *testing.T) {
	b := linkPayload("lo")
	m := linkMsg(t, b[:len(b)-1])
	var text bytes.Buffer
	require.NoError(t, m.Dump(&text))
	require.Contains(t, text.String(), "BEGIN NETLINK MESSAGE")
}

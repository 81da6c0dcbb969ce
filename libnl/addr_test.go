package libnl_test

import (
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// addrOf parses an address that ends with the test.
func addrOf(t *testing.T, text string, hint int) *libnl.Addr {
	t.Helper()
	a, err := libnl.AddrParse(text, hint)
	require.NoError(t, err, text)
	t.Cleanup(func() { require.NoError(t, a.Put()) })
	return a
}

func TestAddrParse(t *testing.T) {
	for _, c := range []struct {
		text   string
		hint   int
		family int
		bytes  string
		prefix int
		back   string
	}{
		{"10.0.0.1/16", syscall.AF_UNSPEC, syscall.AF_INET, "\x0a\x00\x00\x01", 16, "10.0.0.1/16"},
		{"10.0.0.1/32", syscall.AF_INET, syscall.AF_INET, "\x0a\x00\x00\x01", 32, "10.0.0.1"},
		{"127.0.0.1", syscall.AF_UNSPEC, syscall.AF_INET, "\x7f\x00\x00\x01", 32, "127.0.0.1"},
		{"2001:1:2::3/64", syscall.AF_UNSPEC, syscall.AF_INET6, "\x20\x01\x00\x01\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x03", 64, "2001:1:2::3/64"},
		{"::1", syscall.AF_INET6, syscall.AF_INET6, "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01", 128, "::1"},
		{"02:00:5e:10:00:ff", syscall.AF_UNSPEC, 26 /* AF_LLC */, "\x02\x00\x5e\x10\x00\xff", 48, "02:00:5e:10:00:ff"},
		{"aa:bb:cc", syscall.AF_UNSPEC, syscall.AF_UNSPEC, "\xaa\xbb\xcc", 24, "aa:bb:cc"},
		{"none", syscall.AF_INET, syscall.AF_INET, "", 0, "none"},
	} {
		a := addrOf(t, c.text, c.hint)
		require.Equal(t, c.family, a.GetFamily(), c.text)
		require.Equal(t, c.bytes, string(a.GetBinaryAddr()), c.text)
		require.Equal(t, len(c.bytes), a.GetLen(), c.text)
		require.Equal(t, c.prefix, a.GetPrefixlen(), c.text)
		require.Equal(t, c.back, a.Addr2str(), c.text)
	}
}

func TestAddrParseRefused(t *testing.T) {
	for _, c := range []struct {
		text string
		hint int
		want error
	}{
		{"10.0.0.1/16", syscall.AF_INET6, libnl.NLE_NOADDR},
		{"2001:1:2::3/64", syscall.AF_INET, libnl.NLE_NOADDR},
		{"", syscall.AF_UNSPEC, libnl.NLE_NOADDR},
		{"nonsense", syscall.AF_UNSPEC, libnl.NLE_NOADDR},
		{"any", 28 /* AF_MPLS */, libnl.NLE_AF_NOSUPPORT},
		{"10.0.0.1/", syscall.AF_UNSPEC, libnl.NLE_INVAL},
		{"1:2:xyz", syscall.AF_UNSPEC, libnl.NLE_INVAL},
	} {
		_, err := libnl.AddrParse(c.text, c.hint)
		require.ErrorIs(t, err, c.want, "%q", c.text)
	}
}

func TestAddrParseAny(t *testing.T) {
	a := addrOf(t, "any", syscall.AF_UNSPEC)
	require.Equal(t, syscall.AF_INET, a.GetFamily())
	want := 0
	if libnl.VerNum() >= libnl.Ver(3, 8) {
		want = 4 // from then on it is an address of zeros
	}
	require.Equal(t, want, a.GetLen())
	require.Zero(t, a.GetPrefixlen())
}

func TestAddrBuild(t *testing.T) {
	src := []byte{192, 0, 2, 1}
	a, err := libnl.AddrBuild(syscall.AF_INET, src)
	require.NoError(t, err)
	defer func() { require.NoError(t, a.Put()) }()
	src[0] = 0
	require.Equal(t, syscall.AF_INET, a.GetFamily())
	require.Equal(t, []byte{192, 0, 2, 1}, a.GetBinaryAddr())
	a.GetBinaryAddr()[0] = 0
	require.Equal(t, []byte{192, 0, 2, 1}, a.GetBinaryAddr(), "the result is a copy")
	require.Equal(t, 32, a.GetPrefixlen(), "as long as the address")
	require.Equal(t, "192.0.2.1", a.Addr2str())

	for _, b := range [][]byte{nil, {}} {
		e, err := libnl.AddrBuild(syscall.AF_UNSPEC, b)
		require.NoError(t, err)
		require.Zero(t, e.GetLen())
		require.Empty(t, e.GetBinaryAddr())
		require.Equal(t, "none", e.Addr2str())
		require.NoError(t, e.Put())
	}

	long, err := libnl.AddrBuild(syscall.AF_UNSPEC, make([]byte, 1000))
	require.NoError(t, err)
	defer func() { require.NoError(t, long.Put()) }()
	require.Equal(t, 1000, long.GetLen())
	require.Len(t, long.Addr2str(), 255, "text is cut to the room that there is for it")
}

func TestAddrReferences(t *testing.T) {
	a, err := libnl.AddrParse("::1", syscall.AF_UNSPEC)
	require.NoError(t, err)
	same, err := a.Get()
	require.NoError(t, err)
	require.Same(t, a, same)
	require.NoError(t, a.Put())
	require.Equal(t, 16, a.GetLen(), "one reference is left")
	require.NoError(t, a.Put())
	require.NoError(t, a.Put(), "there is nothing left to do")
	expectMisuse(t, 6, func() {
		require.Zero(t, a.GetLen())
		require.Zero(t, a.GetFamily())
		require.Zero(t, a.GetPrefixlen())
		require.Nil(t, a.GetBinaryAddr())
		require.Empty(t, a.Addr2str())
		_, err := a.Get()
		require.ErrorIs(t, err, libnl.ErrFreed)
	})
	require.NoError(t, (*libnl.Addr)(nil).Put())
	require.NoError(t, new(libnl.Addr).Put())
}

func TestAddrFromManyGoroutines(t *testing.T) {
	a := addrOf(t, "192.0.2.1/24", syscall.AF_UNSPEC)
	m := sizedMsg(t, 64)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 200 {
				if k, err := a.Get(); err != nil || k.Put() != nil {
					t.Error(err)
				}
				if s := a.Addr2str(); s != "192.0.2.1/24" {
					t.Error(s)
				}
				if a.GetLen() != 4 || a.GetPrefixlen() != 24 || a.GetFamily() != syscall.AF_INET || len(a.GetBinaryAddr()) != 4 {
					t.Error("torn")
				}
				_ = m.NlaPutAddr(1, a) // soon the message is full; what counts is that a is left alone
			}
		})
	}
	wg.Wait()
	require.NoError(t, a.Put())
	expectMisuse(t, 1, func() { require.Zero(t, a.GetLen(), "as many were put as were taken") })
}

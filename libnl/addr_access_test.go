package libnl_test

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

const (
	afLLC    = 26
	afMPLS   = 28
	afDECnet = 12
)

// built makes an address of bytes that ends with the test.
func built(t *testing.T, family int, b ...byte) *libnl.Addr {
	t.Helper()
	a, err := libnl.AddrBuild(family, b)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.Put()) })
	return a
}

// What libnl's own suite tests of addresses (cksuite-all-addr: addr_alloc).
func TestAddrAlloc(t *testing.T) {
	a, err := libnl.AddrAlloc(16)
	require.NoError(t, err)
	require.True(t, a.Iszero())
	require.Equal(t, syscall.AF_UNSPEC, a.GetFamily())
	require.Zero(t, a.GetPrefixlen())
	require.Zero(t, a.GetLen())
	require.False(t, a.Shared())
	k, err := a.Get()
	require.NoError(t, err)
	require.Same(t, a, k)
	require.True(t, a.Shared())
	require.NoError(t, k.Put())
	require.False(t, a.Shared())
	_, err = a.FillSockaddr()
	require.ErrorIs(t, err, libnl.NLE_INVAL)
	require.NoError(t, a.Put())

	for _, n := range []int{-1, math.MinInt, 1<<30 + 1, math.MaxInt} {
		_, err = libnl.AddrAlloc(n)
		require.ErrorIs(t, err, libnl.NLE_RANGE, "%d", n)
	}
}

// cksuite-all-addr: addr_binary_addr.
func TestAddrSetBinaryAddr(t *testing.T) {
	a, err := libnl.AddrAlloc(4)
	require.NoError(t, err)
	defer func() { require.NoError(t, a.Put()) }()
	src := []byte{1, 2, 3, 4}
	require.NoError(t, a.SetBinaryAddr(src))
	src[0] = 9
	require.Zero(t, a.GetPrefixlen(), "it stays")
	require.Equal(t, 4, a.GetLen())
	require.ErrorIs(t, a.SetBinaryAddr(make([]byte, 6)), libnl.NLE_RANGE)
	require.Equal(t, []byte{1, 2, 3, 4}, a.GetBinaryAddr(), "nothing changed")
	require.Equal(t, syscall.AF_INET, a.GuessFamily())
	require.NoError(t, a.SetPrefixlen(32))
	require.Equal(t, 32, a.GetPrefixlen())
	require.Zero(t, a.Cmp(built(t, syscall.AF_UNSPEC, 1, 2, 3, 4)))

	a.SetFamily(syscall.AF_INET)
	require.Equal(t, syscall.AF_INET, a.GetFamily())
	require.Equal(t, "1.2.3.4", a.Addr2str())
	require.NoError(t, a.SetBinaryAddr(nil))
	require.Zero(t, a.GetLen())
	require.True(t, a.Iszero())
	for _, bits := range []int{-1, math.MaxInt32 + 1, math.MinInt} {
		require.ErrorIs(t, a.SetPrefixlen(bits), libnl.NLE_RANGE)
	}
	require.Equal(t, 32, a.GetPrefixlen())
}

func TestAddrGuessFamily(t *testing.T) {
	for n, want := range map[int]int{0: syscall.AF_UNSPEC, 4: syscall.AF_INET, 6: afLLC, 8: syscall.AF_UNSPEC, 16: syscall.AF_INET6} {
		require.Equal(t, want, built(t, syscall.AF_UNSPEC, make([]byte, n)...).GuessFamily(), "%d bytes", n)
	}
}

// cksuite-all-addr: addr_parse4 and addr_parse6.
func TestAddrCloneCmpFill(t *testing.T) {
	for text, want := range map[string]syscall.Sockaddr{
		"10.0.0.1/16":    &syscall.SockaddrInet4{Addr: [4]byte{10, 0, 0, 1}},
		"2001:1:2::3/64": &syscall.SockaddrInet6{Addr: [16]byte{0x20, 1, 0, 1, 0, 2, 15: 3}},
	} {
		a := addrOf(t, text, syscall.AF_UNSPEC)
		require.False(t, a.Iszero())
		c, err := a.Clone()
		require.NoError(t, err)
		require.Zero(t, a.Cmp(c))
		require.NoError(t, c.SetPrefixlen(9))
		require.NotZero(t, a.Cmp(c))
		require.Zero(t, a.CmpPrefix(c))
		require.NoError(t, c.Put())
		sa, err := a.FillSockaddr()
		require.NoError(t, err)
		require.Equal(t, want, sa)
		require.Equal(t, text, a.Addr2str())
	}
	sa, err := built(t, syscall.AF_INET6).FillSockaddr()
	require.NoError(t, err)
	require.Equal(t, &syscall.SockaddrInet6{}, sa)
	for _, a := range []*libnl.Addr{built(t, syscall.AF_INET, 1), built(t, syscall.AF_INET6, 1, 2, 3, 4), built(t, afLLC, make([]byte, 6)...)} {
		_, err := a.FillSockaddr()
		require.ErrorIs(t, err, libnl.NLE_INVAL)
	}
}

func TestAddrAllocAttr(t *testing.T) {
	a, err := libnl.AddrAllocAttr(attrWith(t, []byte{192, 0, 2, 1}), syscall.AF_INET)
	require.NoError(t, err)
	require.Equal(t, "192.0.2.1", a.Addr2str())
	require.NoError(t, a.Put())
	_, err = libnl.AddrAllocAttr(nil, syscall.AF_INET)
	require.ErrorIs(t, err, libnl.NLE_INVAL)
}

func TestAddrCmp(t *testing.T) {
	a := addrOf(t, "192.0.2.1", 0)
	require.Zero(t, a.Cmp(a))
	require.Zero(t, a.CmpPrefix(a))
	require.Negative(t, a.Cmp(addrOf(t, "192.0.2.2", 0)))
	require.Positive(t, addrOf(t, "192.0.2.2", 0).Cmp(a))
	require.NotZero(t, a.Cmp(addrOf(t, "::1", 0)))
	require.NotZero(t, a.CmpPrefix(addrOf(t, "::1", 0)))
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1/24", "192.0.2.2/32", true}, {"192.0.2.1/24", "192.0.3.1/24", false}, {"192.0.2.1/23", "192.0.3.1/24", true},
		{"192.0.2.1/0", "10.0.0.1/8", true}, {"2001:db8::/33", "2001:db8:7fff::/64", true}, {"2001:db8::/33", "2001:db8:8000::/64", false},
	} {
		require.Equal(t, c.same, addrOf(t, c.a, 0).CmpPrefix(addrOf(t, c.b, 0)) == 0, "%s and %s", c.a, c.b)
		require.Equal(t, c.same, addrOf(t, c.b, 0).CmpPrefix(addrOf(t, c.a, 0)) == 0, "%s and %s", c.b, c.a)
	}
}

// The prefix may be longer than the address: C reads on behind it.
func TestAddrCmpPrefixOfTooFewBytes(t *testing.T) {
	short, long := built(t, 99, 1), built(t, 99, 1, 0, 0, 0)
	for _, bits := range []int{9, 4096, math.MaxInt32} {
		require.NoError(t, short.SetPrefixlen(bits))
		require.NoError(t, long.SetPrefixlen(bits))
		require.Zero(t, short.CmpPrefix(long), "what is missing is zero")
		require.Zero(t, long.CmpPrefix(short))
		require.Zero(t, short.CmpPrefix(short))
		require.NotZero(t, short.CmpPrefix(built(t, 99, 1, 0x80)))
	}
	require.NoError(t, long.SetBinaryAddr([]byte{1, 0, 0, 1}))
	require.Negative(t, short.CmpPrefix(long))
	none := built(t, 99)
	require.NoError(t, none.SetPrefixlen(math.MaxInt32))
	require.Zero(t, none.CmpPrefix(none))
}

func TestAddrParsePrefixlen(t *testing.T) {
	for _, bits := range []string{"-1", "4294967304", "99999999999999999999", "0x80000000"} {
		_, err := libnl.AddrParse("192.0.2.1/"+bits, 0)
		require.ErrorIs(t, err, libnl.NLE_RANGE, bits)
	}
	require.Equal(t, 24, addrOf(t, "192.0.2.1/0x18", 0).GetPrefixlen())
	require.Equal(t, 20, addrOf(t, "16/17", afMPLS).GetPrefixlen(), "there a slash is no prefix")
}

// Two goroutines that compare crosswise do not wait for each other.
func TestAddrCmpCrosswise(t *testing.T) {
	a, b := addrOf(t, "192.0.2.1/24", 0), addrOf(t, "192.0.2.1/24", 0)
	within(t, func() {
		var wg sync.WaitGroup
		for _, pair := range [][2]*libnl.Addr{{a, b}, {b, a}, {a, a}} {
			wg.Go(func() {
				for range 2000 {
					if pair[0].Cmp(pair[1]) != 0 || pair[0].CmpPrefix(pair[1]) != 0 || pair[1].GetLen() != 4 {
						t.Error("equal addresses differ")
						return
					}
				}
			})
		}
		wg.Wait()
	})
}

func TestAddrAccessMisuse(t *testing.T) {
	live := addrOf(t, "::1", 0)
	for _, a := range []*libnl.Addr{nil, new(libnl.Addr)} {
		expectMisuse(t, 17, func() {
			require.False(t, a.Shared())
			require.False(t, a.Iszero())
			require.Zero(t, a.GuessFamily())
			a.SetFamily(1)
			require.ErrorIs(t, a.SetPrefixlen(1), libnl.ErrFreed)
			require.ErrorIs(t, a.SetBinaryAddr(nil), libnl.ErrFreed)
			require.Equal(t, 1, a.Cmp(live))
			require.Equal(t, 1, live.Cmp(a))
			require.Equal(t, 1, a.CmpPrefix(live))
			require.Equal(t, 1, live.CmpPrefix(a))
			for _, f := range []func() error{
				func() error { _, err := a.Clone(); return err },
				func() error { _, err := a.FillSockaddr(); return err },
				func() error { _, err := a.Info(); return err },
				func() error { _, err := a.Resolve(); return err },
				func() error { _, err := a.Netip(); return err },
				func() error { _, err := a.Prefix(); return err },
				func() error { _, err := a.Hardware(); return err },
			} {
				require.ErrorIs(t, f(), libnl.ErrFreed)
			}
		})
	}
}

// cksuite-all-addr: addr_info.
func TestAddrInfo(t *testing.T) {
	for text, want := range map[string]syscall.Sockaddr{
		"127.0.0.1": &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}},
		"::1":       &syscall.SockaddrInet6{Addr: [16]byte{15: 1}},
	} {
		a := addrOf(t, text, 0)
		all, err := a.Info()
		require.NoError(t, err)
		types := map[int]bool{}
		for _, ai := range all {
			require.Equal(t, a.GetFamily(), ai.AiFamily)
			require.Equal(t, want, ai.AiAddr)
			require.Empty(t, ai.AiCanonname)
			types[ai.AiSocktype] = true
		}
		require.True(t, types[syscall.SOCK_STREAM] && types[syscall.SOCK_DGRAM])
	}
	for _, c := range []struct {
		a    *libnl.Addr
		want error
	}{
		{addrOf(t, "127.0.0.1/8", 0), libnl.NLE_OBJ_NOTFOUND},
		{built(t, syscall.AF_INET), libnl.NLE_OBJ_NOTFOUND},
		{built(t, syscall.AF_INET, 127), libnl.NLE_INVAL},
		{built(t, syscall.AF_INET6, 127), libnl.NLE_INVAL},
		{built(t, afLLC, 1, 2, 3, 4, 5, 6), libnl.NLE_AF_NOSUPPORT},
		{addrOf(t, "16/17/18/19/20/21/1048575/1048575/1048575/1048575", afMPLS), libnl.NLE_AF_NOSUPPORT},
		{built(t, afDECnet, 1, 2, 3), libnl.NLE_AF_NOSUPPORT},
	} {
		_, err := c.a.Info()
		require.ErrorIs(t, err, c.want, "%s", c.a.Addr2str())
	}
}

func TestAddrResolve(t *testing.T) {
	hosts, err := os.ReadFile("/etc/hosts")
	if err != nil || !strings.HasPrefix(string(hosts), "127.0.0.1") {
		t.Skip("this machine has no /etc/hosts that begins with a name for 127.0.0.1")
	}
	host, err := addrOf(t, "127.0.0.1/8", 0).Resolve()
	require.NoError(t, err)
	require.Contains(t, strings.Fields(string(hosts)), host)

	_, err = built(t, afLLC, 1, 2, 3, 4, 5, 6).Resolve()
	require.ErrorIs(t, err, libnl.NLE_INVAL)
}

// An address without a name is an error, though libnl returns it as a positive number.
func TestAddrResolveNothing(t *testing.T) {
	host, err := addrOf(t, "240.0.0.1", 0).Resolve() // reserved: nobody has it
	require.Error(t, err)
	require.Empty(t, host)
}

func TestAddrValid(t *testing.T) {
	for _, c := range []struct {
		text   string
		family int
		want   bool
	}{
		{"192.0.2.1", syscall.AF_INET, true}, {"192.0.2.1/24", syscall.AF_INET, false}, {"::1", syscall.AF_INET, false},
		{"::1", syscall.AF_INET6, true}, {"192.0.2.1\x00", syscall.AF_INET, false}, {"16/17", afMPLS, true}, {"x", afMPLS, false},
		{strings.Repeat("16/", 1000) + "16", afMPLS, false}, {"1.2", afDECnet, true}, {"", afDECnet, false},
		{"1", afDECnet, false}, {"nonsense", 99, true},
	} {
		require.Equal(t, c.want, libnl.AddrValid(c.text, c.family), "%q in family %d", c.text, c.family)
	}
}

func TestAddrFamilyNames(t *testing.T) {
	for name, family := range map[string]int{"unspec": 0, "inet": syscall.AF_INET, "inet6": syscall.AF_INET6, "llc": afLLC, "mpls": afMPLS} {
		require.Equal(t, name, libnl.Af2str(family))
		got, err := libnl.Str2af(name)
		require.NoError(t, err)
		require.Equal(t, family, got)
	}
	require.Equal(t, "0x3e7", libnl.Af2str(999))
	for name, want := range map[string]int{"0x3e7": 999, " 7": 7, "INET": syscall.AF_INET, "010": 8} {
		got, err := libnl.Str2af(name)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, name := range []string{"", "nonsense", "inet\x00", "-1", "4294967298", "0x100000002", "-4294967294", fmt.Sprint(uint64(math.MaxUint64))} {
		_, err := libnl.Str2af(name)
		require.ErrorIs(t, err, libnl.NLE_OBJ_NOTFOUND, "%q", name)
	}
}

func TestAddrNetip(t *testing.T) {
	for _, text := range []string{"192.0.2.1", "0.0.0.0", "2001:db8::1", "::ffff:192.0.2.1"} {
		ip := netip.MustParseAddr(text)
		a, err := libnl.AddrFromNetip(ip)
		require.NoError(t, err)
		got, err := a.Netip()
		require.NoError(t, err)
		require.Equal(t, ip, got)
		p, err := a.Prefix()
		require.NoError(t, err)
		require.Equal(t, netip.PrefixFrom(ip, ip.BitLen()), p)
		require.Equal(t, text, a.Addr2str())
		require.NoError(t, a.Put())
	}
	for _, ip := range []netip.Addr{{}, netip.MustParseAddr("fe80::1%eth0")} {
		_, err := libnl.AddrFromNetip(ip)
		require.ErrorIs(t, err, libnl.NLE_INVAL)
	}
	for text, want := range map[string]string{"192.0.2.1/24": "192.0.2.1/24", "::/0": "::/0", "2001:db8::/32": "2001:db8::/32"} {
		a, err := libnl.AddrFromPrefix(netip.MustParsePrefix(text))
		require.NoError(t, err)
		require.Equal(t, want, a.Addr2str())
		p, err := a.Prefix()
		require.NoError(t, err)
		require.Equal(t, want, p.String())
		require.NoError(t, a.Put())
	}
	_, err := libnl.AddrFromPrefix(netip.Prefix{})
	require.ErrorIs(t, err, libnl.NLE_INVAL)

	for hint, want := range map[int]string{syscall.AF_INET: "0.0.0.0/0", syscall.AF_INET6: "::/0"} {
		a := addrOf(t, "default", hint)
		p, err := a.Prefix()
		require.NoError(t, err)
		require.Equal(t, want, p.String())
	}
	tooLong := built(t, syscall.AF_INET, 192, 0, 2, 1)
	require.NoError(t, tooLong.SetPrefixlen(33))
	_, err = tooLong.Prefix()
	require.ErrorIs(t, err, libnl.NLE_RANGE)
	for want, a := range map[error]*libnl.Addr{
		libnl.NLE_AF_NOSUPPORT: built(t, afLLC, 1, 2, 3, 4, 5, 6), libnl.NLE_INVAL: built(t, syscall.AF_INET6, 1, 2, 3, 4),
	} {
		_, err := a.Netip()
		require.ErrorIs(t, err, want)
		_, err = a.Prefix()
		require.ErrorIs(t, err, want)
	}
}

func TestAddrHardware(t *testing.T) {
	for text, family := range map[string]int{"02:00:5e:10:00:ff": afLLC, "02:00:5e:10:00:00:00:01": syscall.AF_UNSPEC} {
		hw, err := net.ParseMAC(text)
		require.NoError(t, err)
		a, err := libnl.AddrFromHardware(hw)
		require.NoError(t, err)
		require.Equal(t, family, a.GetFamily())
		require.Equal(t, text, a.Addr2str())
		got, err := a.Hardware()
		require.NoError(t, err)
		require.Equal(t, hw, got)
		require.NoError(t, a.Put())
	}
	_, err := libnl.AddrFromHardware(nil)
	require.ErrorIs(t, err, libnl.NLE_NOADDR)
	_, err = built(t, syscall.AF_UNSPEC).Hardware()
	require.ErrorIs(t, err, libnl.NLE_NOADDR)
	_, err = addrOf(t, "::1", 0).Hardware()
	require.ErrorIs(t, err, libnl.NLE_AF_NOSUPPORT)
}

func TestLeakAddrs(t *testing.T) {
	a := addrOf(t, "127.0.0.1", 0)
	keepsNothing(t, cycles(20_000), func() {
		c, err := a.Clone()
		require.NoError(t, err)
		require.Zero(t, a.Cmp(c)+a.CmpPrefix(c))
		for range 10 {
			_, err = c.Info()
			require.NoError(t, err)
		}
		require.NoError(t, c.Put())
	})
}

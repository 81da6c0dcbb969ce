package libnl_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

func TestCancelDown(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "0B", 1023: "1023B", 1024: "1KiB", 1536: "1.5KiB", 1 << 20: "1MiB", 1 << 30: "1GiB", 1 << 40: "1TiB", 1 << 50: "1024TiB",
	} {
		v, unit := libnl.CancelDownBytes(n)
		require.Equal(t, want, strconv.FormatFloat(v, 'f', -1, 64)+unit)
	}
	for n, want := range map[uint64]string{999: "999bit", 1000: "1Kbit", 2_500_000: "2.5Mbit", 1e9: "1Gbit", 1e12: "1Tbit"} {
		v, unit := libnl.CancelDownBits(n)
		require.Equal(t, want, strconv.FormatFloat(v, 'f', -1, 64)+unit)
	}
	for n, want := range map[uint32]string{999: "999us", 1000: "1ms", 2_500_000: "2.5s"} {
		v, unit := libnl.CancelDownUs(n)
		require.Equal(t, want, strconv.FormatFloat(v, 'f', -1, 64)+unit)
	}
}

func TestRates(t *testing.T) {
	for _, c := range []struct {
		rate uint64
		typ  int
		want string
	}{
		{1536, libnl.NL_BYTE_RATE, "1.50KiB/s"}, {1500, libnl.NL_BIT_RATE, "1.50Kbit/s"}, {math.MaxUint64, libnl.NL_BYTE_RATE, "16777216.00TiB/s"},
	} {
		got, err := libnl.Rate2str(c.rate, c.typ)
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	for _, typ := range []int{-1, 2, 1 << 32} {
		_, err := libnl.Rate2str(1, typ)
		require.ErrorIs(t, err, libnl.NLE_RANGE, "libnl aborts")
	}
}

func TestSizes(t *testing.T) {
	for text, want := range map[string]int{
		"0": 0, "64": 64, "64b": 64, "64k": 64 << 10, "64KB": 64 << 10, "3m": 3 << 20, "2gb": 2 << 30, "64bit": 8, "8kbit": 1000,
		"8mbit": 1e6, "8gbit": 1e9, "0x10": 16, " 7": 7, "9223372036854775807": math.MaxInt,
	} {
		got, err := libnl.Size2int(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "k", "1x", "1 k", "-1", "-5kb", "1\x00"} {
		_, err := libnl.Size2int(text)
		require.ErrorIs(t, err, libnl.NLE_INVAL, "%q", text)
	}
	for _, text := range []string{"9223372036854775808", "9007199254740992k", "99999999999999999999999", "8589934592g", "18446744073709551615"} {
		_, err := libnl.Size2int(text)
		require.ErrorIs(t, err, libnl.NLE_RANGE, "%q, which C wraps", text)
	}
	for size, want := range map[uint]string{0: "0B", 1: "infB", 1024: "1KiB", 1536: "1.5KiB", 3 << 30: "3GiB", math.MaxUint: "1.6e+04EiB"} {
		require.Equal(t, want, libnl.Size2str(size))
	}
}

func TestProbabilities(t *testing.T) {
	for text, want := range map[string]int{
		"0": libnl.NL_PROB_MIN, "1": libnl.NL_PROB_MAX, "1.0": libnl.NL_PROB_MAX, "100%": libnl.NL_PROB_MAX, "50%": 1 << 31, "0.5": 1 << 31,
		"50": 1 << 31, "1%": libnl.NL_PROB_MAX,
	} {
		got, err := libnl.Prob2int(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "x", "0.5x", "50%%", "0.5\x00"} {
		_, err := libnl.Prob2int(text)
		require.ErrorIs(t, err, libnl.NLE_INVAL, "%q", text)
	}
	for _, text := range []string{"101%", "-0.1", "nan", "inf", "-inf"} {
		_, err := libnl.Prob2int(text)
		require.ErrorIs(t, err, libnl.NLE_RANGE, "%q", text)
	}
}

func TestTimes(t *testing.T) {
	for text, want := range map[string]uint64{
		"0": 0, "1500": 1500, "2sec": 2000, "2s": 2000, "1min": 60_000, "1hour 30min": 5_400_000, "1d\t1": 86_400_001, "1 2 3": 6,
		"18446744073709551615": math.MaxUint64,
	} {
		got, err := libnl.Str2msec(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", " ", "1 ", "x", "1x", "-1", "1sec -1", "1\x00"} {
		_, err := libnl.Str2msec(text)
		require.ErrorIs(t, err, libnl.NLE_INVAL, "%q", text)
	}
	for _, text := range []string{"18446744073709551616", "18446744073709551615 1", "300000000000day", "200000000000day 200000000000day"} {
		_, err := libnl.Str2msec(text)
		require.ErrorIs(t, err, libnl.NLE_RANGE, "%q, which C wraps", text)
	}
	for msec, want := range map[uint64]string{0: "0msec", 1: "1msec", 1000: "1s", 90_061_001: "1d 1h 1m 1s 1msec", math.MaxUint64: "213503982334d 14h 25m 51s 615msec"} {
		require.Equal(t, want, libnl.Msec2str(msec))
	}
}

func TestPsched(t *testing.T) {
	hz, err := libnl.GetUserHz()
	require.NoError(t, err)
	require.Positive(t, hz)
	p, err := libnl.GetPschedHz()
	require.NoError(t, err)
	require.Positive(t, p)
	ticks, err := libnl.Us2ticks(1_000_000)
	require.NoError(t, err)
	us, err := libnl.Ticks2us(ticks)
	require.NoError(t, err)
	require.InDelta(t, 1_000_000, us, 100)
}

// What libnl cannot read as the clock of the packet scheduler makes it exit the process. Only another process can tell.
func TestPschedOfGarbage(t *testing.T) {
	const inside = "GOLIBNL_TEST_PSCHED"
	if want := os.Getenv(inside); want != "" {
		_, err := libnl.Us2ticks(1)
		require.Equal(t, want, strconv.FormatBool(err == nil), "%v", err)
		if err != nil {
			require.ErrorIs(t, err, libnl.NLE_FAILURE)
		}
		hz, again := libnl.GetUserHz()
		require.Equal(t, err == nil, again == nil)
		require.Equal(t, err == nil, hz != 0)
		return
	}
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	require.NoError(t, os.Mkdir(filepath.Join(dir, "net"), 0o700))
	file("net/psched", "garbage")
	for name, c := range map[string]struct {
		env  string
		want bool
	}{
		"garbage":   {"PROC_NET_PSCHED=" + file("garbage", "000003e8 00000040 hello 3b9aca00"), false},
		"short":     {"PROC_NET_PSCHED=" + file("short", "000003e8 00000040 000f4240\n"), false},
		"empty":     {"PROC_NET_PSCHED=" + file("empty", ""), false},
		"directory": {"PROC_NET_PSCHED=" + dir, false},
		"endless":   {"PROC_NET_PSCHED=/dev/zero", false},
		"root":      {"PROC_ROOT=" + dir, false},
		"missing":   {"PROC_NET_PSCHED=" + filepath.Join(dir, "missing"), true},
		"good":      {"PROC_NET_PSCHED=" + file("good", "000003e8 00000040 000f4240 3b9aca00\n"), true},
		"ticks":     {"TICKS_PER_USEC=2", true},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^TestPschedOfGarbage$", "-test.v")
			cmd.Env = append(os.Environ(), inside+"="+strconv.FormatBool(c.want), c.env)
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			require.Contains(t, string(out), "PASS: TestPschedOfGarbage")
		})
	}
}

func TestProtocolNames(t *testing.T) {
	for name, n := range map[string]int{"ether": 1, "loopback": 772, "gre": 778, "nohdr": 65534} {
		require.Equal(t, name, libnl.Llproto2str(n))
		got, err := libnl.Str2llproto(name)
		require.NoError(t, err)
		require.Equal(t, n, got)
	}
	for name, n := range map[string]int{"ip": 0x800, "arp": 0x806, "802.1q": 0x8100, "ipv6": 0x86dd, "all": 3} {
		require.Equal(t, name, libnl.EtherProto2str(n))
		got, err := libnl.Str2etherProto(name)
		require.NoError(t, err)
		require.Equal(t, n, got)
	}
	if _, err := os.Stat("/etc/protocols"); err != nil {
		t.Log("without /etc/protocols, IP protocols have no names")
	} else {
		for name, n := range map[string]int{"tcp": 6, "udp": 17} {
			require.Equal(t, name, libnl.IpProto2str(n))
			got, err := libnl.Str2ipProto(name)
			require.NoError(t, err)
			require.Equal(t, n, got)
		}
	}
	require.Equal(t, "0xfff", libnl.IpProto2str(0xfff))
	require.Equal(t, "0xffff0", libnl.Llproto2str(0xffff0))
	require.Equal(t, "0xffff0", libnl.EtherProto2str(0xffff0))
	for _, f := range []func(string) (int, error){libnl.Str2llproto, libnl.Str2etherProto, libnl.Str2ipProto} {
		n, err := f("0x123")
		require.NoError(t, err)
		require.Equal(t, 0x123, n)
		for _, name := range []string{"", "nonsense", "ip\x00", "4294967297", "-1"} {
			_, err := f(name)
			require.ErrorIs(t, err, libnl.NLE_OBJ_NOTFOUND, "%q", name)
		}
	}
}

// getprotobyname(3) answers in memory that all threads share.
func TestProtocolNamesFromManyGoroutines(t *testing.T) {
	if _, err := os.Stat("/etc/protocols"); err != nil {
		t.Skip("this machine has no /etc/protocols")
	}
	var wg sync.WaitGroup
	for _, c := range []struct {
		name string
		n    int
	}{{"tcp", 6}, {"udp", 17}, {"icmp", 1}, {"gre", 47}} {
		wg.Go(func() {
			for range 100 {
				if s := libnl.IpProto2str(c.n); s != c.name {
					t.Errorf("%d is %q", c.n, s)
				}
				if n, err := libnl.Str2ipProto(c.name); err != nil || n != c.n {
					t.Errorf("%s is %d, %v", c.name, n, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestHasCapability(t *testing.T) {
	require.True(t, libnl.HasCapability(libnl.NL_CAPABILITY_VERSION_3_7_0), "the oldest that golibnl takes")
	require.True(t, libnl.HasCapability(libnl.NL_CAPABILITY_NL_OBJECT_DIFF64))
	for _, n := range []int{libnl.NL_CAPABILITY_NONE, -1, math.MaxInt32, 1<<32 + libnl.NL_CAPABILITY_VERSION_3_7_0} {
		require.False(t, libnl.HasCapability(n), "%d", n)
	}
	for n, want := range map[int]bool{0x6fff: false, 0x7000: true, 0x7fff: true, 0x8000: false, 0x17000: false} {
		require.Equal(t, want, libnl.CapabilityIsUserReserved(n), "%#x", n)
	}
}

func TestDumpParams(t *testing.T) {
	var b bytes.Buffer
	p := libnl.DumpParams{DpPrefix: 2, DpFd: &b}
	require.NoError(t, p.DumpLine("%d%%s", 100))
	require.NoError(t, p.Dump(" %s\n", "more"))
	require.NoError(t, p.NewLine())
	require.NoError(t, p.Dump("x"))
	require.Equal(t, "  100%s more\n  x", b.String())
	require.EqualValues(t, 2, p.DpLine)

	b.Reset()
	p = libnl.DumpParams{DpPrefix: 1, DpFd: &b, DpNlCb: func(line int) string { return strconv.Itoa(line) + ": " }}
	require.NoError(t, p.DumpLine("a\n"))
	require.NoError(t, p.DumpLine("b\n"))
	require.Equal(t, " 1: a\n 2: b\n", b.String())

	require.ErrorIs(t, p.Dump("a\x00b"), libnl.NLE_INVAL)
	require.ErrorIs(t, (*libnl.DumpParams)(nil).NewLine(), libnl.NLE_INVAL)
	require.ErrorIs(t, new(libnl.DumpParams).Dump(""), libnl.NLE_INVAL)
	for _, prefix := range []int{-1, 1<<16 + 1, math.MaxInt} {
		require.ErrorIs(t, (&libnl.DumpParams{DpPrefix: prefix, DpFd: &b}).NewLine(), libnl.NLE_RANGE)
	}
	stop := errors.New("stop")
	require.ErrorIs(t, (&libnl.DumpParams{DpFd: failing{stop}}).Dump("x"), stop)

	// The lines of an object, the first and the others.
	b.Reset()
	p = libnl.DumpParams{DpType: libnl.NL_DUMP_DETAILS, DpFd: &b, DpNlCb: func(line int) string { return "<" + strconv.Itoa(line) + ">" }}
	require.NoError(t, link(t, 7, "lo", 1500).Dump(&p))
	require.Regexp(t, `^<1>lo generic \n<2>    mtu 1500 (?s:.*)\n<3>    `, b.String())
	require.Panics(t, func() {
		_ = (&libnl.DumpParams{DpFd: io.Discard, DpNlCb: func(int) string { panic("boom") }}).NewLine()
	}, "as in any function of Go's")
}

//go:build linux && cgo

package parity

import (
	"bytes"

	"strings"
	"syscall"

	"github.com/golibnl/golibnl/libnl"
)

var utilVerbs = map[string]verb{
	"grid_names":      {1, (*api).gridNames},
	"grid_numbers":    {1, (*api).gridNumbers},
	"grid_errors":     {1, (*api).gridErrors},
	"nl_str2ip_proto": {2, func(a *api, w []string) { a.sayRet(libnl.Str2ipProto(textArg(w))) }},
	"nl_size2int":     {2, func(a *api, w []string) { a.sayRet(libnl.Size2int(textArg(w))) }},
	"nl_str2msec": {2, func(a *api, w []string) {
		ms, err := libnl.Str2msec(textArg(w))
		a.sayRet(0, err)
		a.say(" %d", ms)
	}},
	"dump_lines": {1, func(a *api, _ []string) {
		a.traceLines(dumped(func(p *libnl.DumpParams) error {
			p.DpPrefix = 3
			must(p.NewLine())
			must(p.Dump("number %d", 7))
			must(p.Dump("text\n"))
			must(p.DumpLine("line %d\n", 8))
			p.DpPrefix = 0
			must(p.DumpLine("line\n"))
			must(p.NewLine())
			return p.Dump("end")
		}, libnl.NL_DUMP_LINE))
	}},
}

func textArg(w []string) string {
	if w[1] == "nothing" {
		return ""
	}
	return w[1]
}

// orMinus is a number, or -1 if there is none.
func orMinus(n int, err error) int {
	if err != nil {
		return -1
	}
	return n
}

// gridNames has the names of numbers, and the numbers of these names.
func (a *api) gridNames([]string) {
	for _, t := range []struct {
		name  string
		text  func(int) string
		value func(string) (int, error)
		to    int
	}{
		{"af", libnl.Af2str, libnl.Str2af, 50},
		{"llproto", libnl.Llproto2str, libnl.Str2llproto, 830},
		{"ether_proto", libnl.EtherProto2str, libnl.Str2etherProto, 0x900},
		{"ip_proto", libnl.IpProto2str, libnl.Str2ipProto, 140},
		{"nlfamily", libnl.Nlfamily2str, libnl.Str2nlfamily, 25},
		{"nlmsgtype", libnl.Nlmsgtype2str, libnl.Str2nlmsgtype, 20},
	} {
		for n := -1; n < t.to; n++ {
			a.trace("%s %d: %s %d\n", t.name, n, t.text(n), orMinus(t.value(t.text(n))))
		}
		for _, text := range []string{"x", "inet", "INET", "ether", "nope", "0x10", "16"} {
			a.trace("%s %q: %d\n", t.name, text, orMinus(t.value(text)))
		}
	}
	for n := 0; n < 0x1000; n += 0x33 {
		a.trace("flags %s: %s\n", hexOf(n), libnl.NlmsgFlags2str(n))
	}
}

func (a *api) gridNumbers([]string) {
	for _, text := range []string{
		"", "0", "1", "10", "x", "1k", "1kb", "1kbit", "1m", "1mb", "1mbit", "1g", "1gb", "1gbit", "1b", "7bit",
		"1kk", "1 k", "100%", "50%", "0%", "101%", "1%x", "0.5", "1.0", "1.1", "1s", "1msec", "1ms", "2d3h4m5s",
		"1h", "1m1", "5d", "1w", "1ss",
	} {
		ms, err := libnl.Str2msec(text)
		a.trace("%q: size2int %s prob2int %s str2msec %s %d\n", text, resultOf(libnl.Size2int(text)),
			resultOf(libnl.Prob2int(text)), code(err), ms)
	}
	for _, n := range []uint64{
		0, 1, 7, 999, 1000, 1023, 1024, 1500, 1025, 59999, 60000, 61001, 3600000, 86400000, 90061001, 1048576, 1500000,
		1073741824, 5000000000, 1099511627776, 0x7fffffffffffffff,
	} {
		a.trace("%d: size2str %s msec2str %s", n, libnl.Size2str(uint(n)), libnl.Msec2str(n))
		inBytes, err := libnl.Rate2str(n, libnl.NL_BYTE_RATE)
		must(err)
		inBits, err := libnl.Rate2str(n, libnl.NL_BIT_RATE)
		must(err)
		a.trace(" rate %s %s", inBytes, inBits)
		v, unit := libnl.CancelDownBytes(n)
		a.trace(" bytes %.3f%s", v, unit)
		v, unit = libnl.CancelDownBits(n)
		a.trace(" bits %.3f%s", v, unit)
		v, unit = libnl.CancelDownUs(uint32(n))
		a.trace(" us %.3f%s", v, unit)
		ticks, err := libnl.Us2ticks(uint32(n))
		must(err)
		us, err := libnl.Ticks2us(uint32(n))
		must(err)
		a.trace(" ticks %d %d\n", ticks, us)
	}
	user, err := libnl.GetUserHz()
	must(err)
	psched, err := libnl.GetPschedHz()
	must(err)
	a.trace("hz %d %d\n", user, psched)
	a.trace("version %d %d %d %d\n", libnl.VerNum(), libnl.VerMaj(), libnl.VerMin(), libnl.VerMic())
	for n := range 80 {
		a.trace("capability %d: %d\n", n, yes(libnl.HasCapability(n)))
	}
}

func (a *api) gridErrors([]string) {
	for n := range 140 {
		a.trace("errno %d: %d\n", n, int(libnl.Syserr2nlerr(syscall.Errno(n))))
	}
	for n := -3; n < 45; n++ {
		var b bytes.Buffer
		must(libnl.Perror(&b, libnl.Error(n), "text"))
		a.trace("code %d: %s perror %s\n", n, libnl.Geterror(libnl.Error(n)), strings.TrimSuffix(b.String(), "\n"))
	}
}

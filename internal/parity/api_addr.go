//go:build linux && cgo

package parity

import (
	"fmt"
	"net/netip"
	"syscall"

	"github.com/golibnl/golibnl/libnl"
)

var addrVerbs = map[string]verb{
	"nl_addr_parse": {4, func(a *api, w []string) {
		x, err := libnl.AddrParse(w[2], num(w, 3))
		a.sayRet(0, err)
		if err == nil {
			give(a, w, 1, x)
		}
	}},
	"nl_addr_alloc": {3, func(a *api, w []string) {
		x, err := libnl.AddrAlloc(num(w, 2))
		a.giveAddr(w, x, err)
	}},
	"nl_addr_build": {3, func(a *api, w []string) {
		x, err := libnl.AddrBuild(num(w, 2), bytesArg(w, 3))
		a.giveAddr(w, x, err)
	}},
	"nl_addr_alloc_attr": {6, func(a *api, w []string) {
		x, err := libnl.AddrAllocAttr(a.msg(w, 2).Hdr().FindAttr(num(w, 3), num(w, 4)), num(w, 5))
		a.giveAddr(w, x, err)
	}},
	"nl_addr_clone": {3, func(a *api, w []string) {
		x, err := a.addr(w, 2).Clone()
		a.giveAddr(w, x, err)
	}},
	"nl_addr_get": {3, func(a *api, w []string) {
		x, err := a.addr(w, 2).Get()
		a.giveAddr(w, x, err)
	}},
	"nl_addr_put": {2, func(a *api, w []string) {
		a.done(a.addr(w, 1).Put())
		forget[*libnl.Addr](a, w, 1)
	}},
	"nl_addr_shared":          {2, func(a *api, w []string) { a.say(" = %d", yes(a.addr(w, 1).Shared())) }},
	"nl_addr_set_family":      {3, func(a *api, w []string) { a.addr(w, 1).SetFamily(num(w, 2)) }},
	"nl_addr_set_binary_addr": {2, func(a *api, w []string) { a.sayRet(0, a.addr(w, 1).SetBinaryAddr(bytesArg(w, 2))) }},
	"nl_addr_set_prefixlen":   {3, func(a *api, w []string) { a.done(a.addr(w, 1).SetPrefixlen(num(w, 2))) }},
	"show_addr":               {2, func(a *api, w []string) { describe(a.addr(w, 1), a.say) }},
	"nl_addr_cmp":             {3, func(a *api, w []string) { a.say(" = %d", sign(a.addr(w, 1).Cmp(a.addr(w, 2)))) }},
	"nl_addr_cmp_prefix":      {3, func(a *api, w []string) { a.say(" = %d", sign(a.addr(w, 1).CmpPrefix(a.addr(w, 2)))) }},
	"nl_addr_fill_sockaddr": {2, func(a *api, w []string) {
		sa, err := a.addr(w, 1).FillSockaddr()
		a.sayRet(0, err)
		if err == nil {
			a.say("%s", sockaddrText(sa))
		}
	}},
	"nl_addr_info": {2, func(a *api, w []string) {
		all, err := a.addr(w, 1).Info()
		a.sayRet(0, err)
		for _, i := range all {
			a.say(" type %d%s", i.AiSocktype, sockaddrText(i.AiAddr))
		}
	}},
	"nl_addr_resolve": {2, func(a *api, w []string) {
		_, err := a.addr(w, 1).Resolve()
		a.sayRet(0, err)
	}},
	"grid_addr_parse": {2, (*api).gridAddrParse},
	"grid_addr_build": {1, (*api).gridAddrBuild},
	"grid_addr_cmp":   {2, (*api).gridAddrCmp},
}

func (a *api) addr(w []string, i int) *libnl.Addr { return get[*libnl.Addr](a, w, i) }

func (a *api) giveAddr(w []string, x *libnl.Addr, err error) {
	must(err)
	give(a, w, 1, x)
}

// describe tells all that an address has.
func describe(x *libnl.Addr, out func(format string, args ...any)) {
	out(" family=%d len=%d prefix=%d zero=%d guess=%d", x.GetFamily(), x.GetLen(), x.GetPrefixlen(), yes(x.Iszero()),
		x.GuessFamily())
	out(" text=%s bytes=%x", x.Addr2str(), x.GetBinaryAddr())
}

func sockaddrText(sa syscall.Sockaddr) string {
	switch sa := sa.(type) {
	case *syscall.SockaddrInet4:
		return fmt.Sprintf(" %d %s", syscall.AF_INET, netip.AddrFrom4(sa.Addr))
	case *syscall.SockaddrInet6:
		return fmt.Sprintf(" %d %s", syscall.AF_INET6, netip.AddrFrom16(sa.Addr))
	}
	return " ?"
}

// gridAddrParse takes each text, with each hint.
func (a *api) gridAddrParse(w []string) {
	for _, text := range w[1:] {
		for _, hint := range []int{syscall.AF_UNSPEC, syscall.AF_INET, syscall.AF_INET6, 26, 12, 28, syscall.AF_UNIX, 99} {
			x, err := libnl.AddrParse(text, hint)
			a.trace("%s as %d: %s valid=%d", text, hint, code(err), yes(libnl.AddrValid(text, hint)))
			if err == nil {
				describe(x, a.trace)
				must(x.Put())
			}
			a.trace("\n")
		}
	}
}

// gridAddrBuild has addresses of each family that has a text, and of others, by their lengths.
func (a *api) gridAddrBuild([]string) {
	b := make([]byte, 32)
	for i := range b {
		b[i] = byte(0x11*i + 1)
	}
	for _, cell := range [][3]int{
		{syscall.AF_UNSPEC, 0, 20}, {syscall.AF_INET, 4, 4}, {syscall.AF_INET6, 16, 16}, {26, 0, 12}, {syscall.AF_UNIX, 0, 9},
		{12, 2, 2}, {syscall.AF_INET, 0, 0}, {syscall.AF_INET6, 0, 0},
	} {
		for n := cell[1]; n <= cell[2]; n++ {
			x, err := libnl.AddrBuild(cell[0], b[:n])
			must(err)
			step := 1
			if n > 2 {
				step = 7
			}
			for prefix := 0; prefix <= 8*n; prefix += step {
				must(x.SetPrefixlen(prefix))
				a.trace("%d of %d bits:", n, prefix)
				describe(x, a.trace)
				a.trace("\n")
			}
			must(x.Put())
		}
	}
}

// gridAddrCmp compares each address with each, and by prefix.
func (a *api) gridAddrCmp(w []string) {
	var all []*libnl.Addr
	for _, text := range w[1:] {
		x, err := libnl.AddrParse(text, syscall.AF_UNSPEC)
		must(err)
		all = append(all, x)
	}
	for i, x := range all {
		a.trace("%s:", w[1+i])
		for _, y := range all {
			a.trace(" %d/%d", sign(x.Cmp(y)), sign(x.CmpPrefix(y)))
		}
		a.trace("\n")
	}
	for _, x := range all {
		must(x.Put())
	}
}

//go:build linux && cgo

package parity

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/golibnl/golibnl/libnl"
)

var attrVerbs = map[string]verb{
	"nla_put": {3, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPut(num(w, 2), bytesArg(w, 3))) }},
	"nla_put_fill": {4, func(a *api, w []string) {
		a.sayRet(0, a.msg(w, 1).NlaPut(num(w, 2), bytes.Repeat([]byte{0x5a}, num(w, 3))))
	}},
	"nla_put_string": {3, func(a *api, w []string) {
		a.sayRet(0, a.msg(w, 1).NlaPutString(num(w, 2), strings.Join(w[3:], " ")))
	}},
	"nla_put_flag":  {3, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPutFlag(num(w, 2))) }},
	"nla_put_u8":    {4, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPutU8(num(w, 2), uint8(number(w[3])))) }},
	"nla_put_u16":   {4, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPutU16(num(w, 2), uint16(number(w[3])))) }},
	"nla_put_u32":   {4, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPutU32(num(w, 2), uint32(number(w[3])))) }},
	"nla_put_u64":   {4, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPutU64(num(w, 2), uint64(number(w[3])))) }},
	"nla_put_s8":    {4, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPutS8(num(w, 2), int8(number(w[3])))) }},
	"nla_put_s16":   {4, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPutS16(num(w, 2), int16(number(w[3])))) }},
	"nla_put_s32":   {4, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPutS32(num(w, 2), int32(number(w[3])))) }},
	"nla_put_s64":   {4, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPutS64(num(w, 2), int64(number(w[3])))) }},
	"nla_put_msecs": {4, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPutMsecs(num(w, 2), uint64(number(w[3])))) }},
	"nla_put_uint":  {4, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPutUint(num(w, 2), uint64(number(w[3])))) }},
	"nla_put_sint":  {4, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPutSint(num(w, 2), int64(number(w[3])))) }},
	"nla_get_uint": {4, func(a *api, w []string) {
		v, err := a.msg(w, 1).Hdr().FindAttr(num(w, 2), num(w, 3)).GetUint()
		must(err)
		a.say(" = %d", v)
	}},
	"nla_get_sint": {4, func(a *api, w []string) {
		v, err := a.msg(w, 1).Hdr().FindAttr(num(w, 2), num(w, 3)).GetSint()
		must(err)
		a.say(" = %d", v)
	}},
	"nla_put_data": {4, func(a *api, w []string) {
		a.sayRet(0, a.msg(w, 1).NlaPutData(num(w, 2), get[*libnl.Data](a, w, 3)))
	}},
	"nla_put_addr": {4, func(a *api, w []string) {
		a.sayRet(0, a.msg(w, 1).NlaPutAddr(num(w, 2), get[*libnl.Addr](a, w, 3)))
	}},
	"nla_put_nested": {4, func(a *api, w []string) { a.sayRet(0, a.msg(w, 1).NlaPutNested(num(w, 2), a.msg(w, 3))) }},
	"nla_reserve": {4, func(a *api, w []string) {
		at, err := a.msg(w, 1).NlaReserve(num(w, 2), num(w, 3))
		a.sayMade(err, "room")
		if err == nil {
			must(at.WriteData(bytes.Repeat([]byte{0xa5}, at.Len())))
		}
	}},
	"nla_nest_start": {4, func(a *api, w []string) {
		at, err := a.msg(w, 2).NlaNestStart(num(w, 3))
		a.sayMade(err, "a nest")
		if err == nil {
			give(a, w, 1, at)
		}
	}},
	"nla_nest_end": {3, func(a *api, w []string) {
		a.sayRet(0, a.msg(w, 1).NlaNestEnd(get[*libnl.Nlattr](a, w, 2)))
		forget[*libnl.Nlattr](a, w, 2)
	}},
	"nla_nest_end_keep_empty": {3, func(a *api, w []string) {
		a.sayRet(0, a.msg(w, 1).NlaNestEndKeepEmpty(get[*libnl.Nlattr](a, w, 2)))
		forget[*libnl.Nlattr](a, w, 2)
	}},
	"nla_nest_cancel": {3, func(a *api, w []string) {
		a.done(a.msg(w, 1).NlaNestCancel(get[*libnl.Nlattr](a, w, 2)))
		forget[*libnl.Nlattr](a, w, 2)
	}},
	"attrs": {3, func(a *api, w []string) { a.walk(a.msg(w, 1).Hdr().Attrdata(num(w, 2)), 0) }},
	"nlmsg_parse": {4, func(a *api, w []string) {
		tb, err := a.msg(w, 1).Hdr().Parse(num(w, 2), num(w, 3), policyArg(w, 4))
		a.sayTable(tb, err)
	}},
	"nlmsg_validate": {4, func(a *api, w []string) {
		a.sayRet(0, a.msg(w, 1).Hdr().Validate(num(w, 2), num(w, 3), policyArg(w, 4)))
	}},
	"nlmsg_find_attr": {4, func(a *api, w []string) {
		at := a.msg(w, 1).Hdr().FindAttr(num(w, 2), num(w, 3))
		if at == nil {
			a.say(" = none")
			return
		}
		a.say(" = len %d hash=%s", at.Len(), hashOf(at.Data()))
	}},
	"nla_parse_nested": {5, func(a *api, w []string) {
		at := a.msg(w, 1).Hdr().FindAttr(num(w, 2), num(w, 3))
		if at == nil {
			a.sayRet(0, libnl.NLE_OBJ_NOTFOUND)
			return
		}
		tb, err := at.ParseNested(num(w, 4), policyArg(w, 5))
		a.sayTable(tb, err)
	}},
	"nl_data_alloc": {2, func(a *api, w []string) {
		d, err := libnl.DataAlloc(bytesArg(w, 2))
		must(err)
		give(a, w, 1, d)
	}},
	"nl_data_alloc_attr": {5, func(a *api, w []string) {
		d, err := libnl.DataAllocAttr(a.msg(w, 2).Hdr().FindAttr(num(w, 3), num(w, 4)))
		must(err)
		give(a, w, 1, d)
	}},
	"nl_data_clone": {3, func(a *api, w []string) {
		d, err := get[*libnl.Data](a, w, 2).Clone()
		must(err)
		give(a, w, 1, d)
	}},
	"nl_data_append": {3, func(a *api, w []string) { a.sayRet(0, get[*libnl.Data](a, w, 1).Append(bytesArg(w, 2))) }},
	"nl_data_free": {2, func(a *api, w []string) {
		a.done(get[*libnl.Data](a, w, 1).Free())
		forget[*libnl.Data](a, w, 1)
	}},
	"nl_data_get": {2, func(a *api, w []string) {
		d := get[*libnl.Data](a, w, 1)
		a.sayBytes(d.Get()[:d.GetSize()])
	}},
	"nl_data_cmp": {3, func(a *api, w []string) {
		a.say(" = %d", get[*libnl.Data](a, w, 1).Cmp(get[*libnl.Data](a, w, 2)))
	}},
	"grid_validate": {1, (*api).gridValidate},
	"grid_parse":    {1, (*api).gridParse},
	"grid_put":      {1, (*api).gridPut},
	"grid_get":      {1, (*api).gridGet},
	"grid_short":    {1, (*api).gridShort},
	"grid_text":     {1, (*api).gridText},
}

func hashOf(b []byte) string {
	hash := fnv.New32a()
	hash.Write(b)
	return fmt.Sprintf("%08x", hash.Sum32())
}

// walk tells of attributes: nested ones, too, as far as they say so.
func (a *api) walk(b []byte, depth int) {
	indent := strings.Repeat("  ", depth)
	for ; libnl.NlaOk(b); b = libnl.NlaNext(b) {
		at, err := libnl.NlattrFrom(b)
		must(err)
		nested := ""
		if at.IsNested() {
			nested = " nested"
		}
		a.trace("%sattr %d%s len=%d hash=%s\n", indent, at.Type(), nested, at.Len(), hashOf(at.Data()))
		if at.IsNested() {
			a.walk(at.Data(), depth+1)
		}
	}
	if len(b) != 0 {
		a.trace("%srest %d\n", indent, len(b))
	}
}

// policyArg is TYPE:NLA/MINLEN/MAXLEN...
func policyArg(w []string, word int) []libnl.NlaPolicy {
	if word >= len(w) {
		return nil
	}
	policy := make([]libnl.NlaPolicy, 64)
	for _, text := range w[word:] {
		var typ int
		var p libnl.NlaPolicy
		_, err := fmt.Sscanf(text, "%d:%d/%d/%d", &typ, &p.Type, &p.Minlen, &p.Maxlen)
		must(err)
		policy[typ] = p
	}
	return policy
}

func (a *api) sayTable(tb []*libnl.Nlattr, err error) {
	a.sayRet(0, err)
	for i, at := range tb {
		if at != nil {
			a.say(" %d:%d", i, at.Len())
		}
	}
}

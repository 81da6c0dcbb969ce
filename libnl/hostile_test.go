package libnl_test

import (
	"fmt"
	"io"
	"math"
	"net"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/ctest"
	"github.com/golibnl/golibnl/libnl"
)

// hostile returns values of a type that a caller should not pass, and plain ones.
func hostile(t *testing.T, typ reflect.Type) []reflect.Value {
	t.Helper()
	var all []any
	switch reflect.Zero(typ).Interface().(type) {
	case int:
		all = []any{0, 1, -1, 3, 16, 1 << 16, 1<<16 - 1, 1 << 32, math.MaxInt32, math.MinInt32, math.MaxInt, math.MinInt}
	case []byte:
		all = []any{[]byte(nil), []byte{}, make([]byte, 4), make([]byte, 16), make([]byte, 70000), rawAttr(1, 1, 2, 3), message(header{}, 1)}
	case string:
		all = []any{"", "lo", "a\x00b", "\xff", strings.Repeat("x", 70000)}
	case []libnl.NlaPolicy:
		all = []any{[]libnl.NlaPolicy(nil), []libnl.NlaPolicy{}, []libnl.NlaPolicy{{Type: math.MaxUint16}},
			[]libnl.NlaPolicy{{Type: libnl.NLA_STRING, Minlen: math.MaxUint16, Maxlen: 1}}}
	case *libnl.Nlmsghdr:
		all = []any{(*libnl.Nlmsghdr)(nil), new(libnl.Nlmsghdr), &libnl.Nlmsghdr{NlmsgLen: math.MaxUint32}, hdrOf(t, message(header{}, 1))}
	case *libnl.Nlattr:
		all = []any{(*libnl.Nlattr)(nil), new(libnl.Nlattr), &libnl.Nlattr{NlaLen: math.MaxUint16, NlaType: math.MaxUint16}, attrWith(t, []byte{1})}
	case *libnl.Msg:
		all = []any{(*libnl.Msg)(nil), new(libnl.Msg), freedMsg(t)}
	case *libnl.Data:
		all = []any{(*libnl.Data)(nil), new(libnl.Data)}
	case *libnl.Addr:
		all = []any{(*libnl.Addr)(nil), new(libnl.Addr)}
	case *libnl.Object:
		all = []any{(*libnl.Object)(nil), new(libnl.Object), link(t, 1, "lo", 0), route6(t, syscall.RTM_NEWROUTE, 1)}
	case *libnl.DumpParams:
		all = []any{(*libnl.DumpParams)(nil), &libnl.DumpParams{DpType: -1, DpFd: io.Discard}, &libnl.DumpParams{DpType: 99, DpFd: io.Discard},
			&libnl.DumpParams{DpPrefix: math.MaxInt, DpFd: io.Discard}, &libnl.DumpParams{DpLine: math.MaxUint, DpFd: io.Discard}}
	case []any:
		all = []any{[]any{}, []any{"%s", 1}}
	case net.HardwareAddr:
		all = []any{net.HardwareAddr(nil), make(net.HardwareAddr, 6), make(net.HardwareAddr, 70000)}
	case func(*libnl.Object):
		all = []any{(func(*libnl.Object))(nil), func(*libnl.Object) {}}
	default:
		if typ == reflect.TypeFor[io.Writer]() {
			all = []any{io.Discard, failing{io.ErrShortWrite}}
			break
		}
		if k := typ.Kind(); k >= reflect.Int && k <= reflect.Uint64 {
			max := reflect.New(typ).Elem()
			if max.CanUint() {
				max.SetUint(math.MaxUint64 >> (64 - typ.Bits()))
			} else {
				max.SetInt(math.MinInt64 >> (64 - typ.Bits()))
			}
			all = []any{reflect.Zero(typ).Interface(), max.Interface()}
			break
		}
		require.Equal(t, reflect.Struct, typ.Kind(), "no hostile values for %s", typ)
		all = []any{reflect.Zero(typ).Interface()}
	}
	values := make([]reflect.Value, len(all))
	for i, v := range all {
		values[i] = reflect.ValueOf(v)
	}
	return values
}

func freedMsg(t *testing.T) *libnl.Msg {
	t.Helper()
	m, err := libnl.NlmsgAlloc()
	require.NoError(t, err)
	require.NoError(t, m.Free())
	return m
}

// callHostile calls f with hostile arguments, in so many ways that each value of each parameter comes up, uses the
// results, and frees them.
func callHostile(t *testing.T, name string, f func() reflect.Value) {
	t.Helper()
	typ := f().Type()
	rounds, choices := 1, make([][]reflect.Value, typ.NumIn())
	for i := range choices {
		choices[i] = hostile(t, typ.In(i))
		rounds = max(rounds, len(choices[i]))
	}
	for shift := range 3 { // other combinations
		for round := range rounds {
			args := make([]reflect.Value, len(choices))
			for i, c := range choices {
				args[i] = c[(round+shift*i)%len(c)]
			}
			require.NotPanics(t, func() {
				for _, out := range f().Call(args) {
					use(out)
				}
			}, "%s, round %d", name, round)
		}
	}
}

// use does with a result what is left to do.
func use(v reflect.Value) {
	switch r := v.Interface().(type) {
	case *libnl.Msg:
		_ = r.Free()
	case *libnl.Data:
		_ = r.Free()
	case *libnl.Addr:
		_ = r.Put()
	case *libnl.Object:
		_ = r.Put()
	case error:
		_ = r.Error()
	default:
		if v.Kind() == reflect.Func { // an iterator
			for range v.Seq() {
			}
		}
	}
}

// Whatever the object and whatever the arguments, nothing crashes and nothing panics.
func TestHostileMethods(t *testing.T) {
	require.True(t, ctest.LinkRoute())
	libnl.OnMisuse(nil) // most of this is misuse
	defer libnl.OnMisuse(noMisuse)

	freedData, err := libnl.DataAlloc([]byte("abc"))
	require.NoError(t, err)
	require.NoError(t, freedData.Free())
	freedAddr, err := libnl.AddrParse("::1", 0)
	require.NoError(t, err)
	require.NoError(t, freedAddr.Put())
	live := linkMsg(t, linkPayload("lo"))
	require.NoError(t, live.Expand(1<<17))

	dead := map[string][]any{
		"nil": {(*libnl.Msg)(nil), (*libnl.Nlmsghdr)(nil), (*libnl.Nlattr)(nil), (*libnl.Nlmsgerr)(nil), (*libnl.Data)(nil),
			(*libnl.Addr)(nil), (*libnl.Object)(nil), (*libnl.DumpParams)(nil)},
		"zero": {new(libnl.Msg), new(libnl.Nlmsghdr), new(libnl.Nlattr), new(libnl.Nlmsgerr), new(libnl.Data),
			new(libnl.Addr), new(libnl.Object), new(libnl.DumpParams), libnl.Reserved{}, new(libnl.Reserved)},
		"freed": {freedMsg(t), freedData, freedAddr},
		"lying": {&libnl.Nlmsghdr{NlmsgLen: math.MaxUint32}, &libnl.Nlattr{NlaLen: math.MaxUint16}},
		"live":  {hdrOf(t, message(header{}, 1)), attrWith(t, []byte{1})},
	}
	methods := 0
	for state, objects := range dead {
		for _, o := range objects {
			v := reflect.ValueOf(o)
			for i := range v.NumMethod() {
				methods++
				callHostile(t, fmt.Sprintf("%s %T.%s", state, o, v.Type().Method(i).Name), func() reflect.Value { return v.Method(i) })
			}
		}
	}
	require.Greater(t, methods, 150, "reflection sees the methods")

	// Each call has a fresh object, since one of the methods frees it.
	for name, fresh := range map[string]func() any{
		"Msg":  func() any { m, _ := libnl.NlmsgConvert(live.Hdr()); m.SetProto(libnl.NETLINK_ROUTE); return m },
		"Data": func() any { d, _ := libnl.DataAlloc([]byte("abc")); return d },
		"Addr": func() any { a, _ := libnl.AddrParse("::1/64", 0); return a },
		"Object": func() any {
			var o *libnl.Object
			_ = live.Parse(func(b *libnl.Object) { o, _ = b.Get() })
			return o
		},
		"DumpParams": func() any { return &libnl.DumpParams{DpFd: io.Discard, DpNlCb: func(int) string { return "" }} },
	} {
		o := fresh()
		typ := reflect.TypeOf(o)
		for i := range typ.NumMethod() {
			callHostile(t, "live "+name+"."+typ.Method(i).Name, func() reflect.Value {
				release(o)
				o = fresh()
				return reflect.ValueOf(o).Method(i)
			})
		}
		release(o)
	}
}

// release frees an object, however many references there are to it.
func release(o any) {
	for range 3 {
		use(reflect.ValueOf(o))
	}
}

func TestHostileFunctions(t *testing.T) {
	libnl.OnMisuse(nil)
	defer libnl.OnMisuse(noMisuse)
	for name, f := range map[string]any{
		"NlmsgAllocSimple": libnl.NlmsgAllocSimple, "NlmsgInherit": libnl.NlmsgInherit,
		"NlmsgConvert": libnl.NlmsgConvert, "NlmsghdrFrom": libnl.NlmsghdrFrom, "NlmsgOk": libnl.NlmsgOk, "NlmsgNext": libnl.NlmsgNext,
		"NlmsgForEach": libnl.NlmsgForEach, "NlmsgSize": libnl.NlmsgSize, "NlmsgTotalSize": libnl.NlmsgTotalSize,
		"NlmsgPadlen": libnl.NlmsgPadlen, "Nlmsgtype2str": libnl.Nlmsgtype2str, "Str2nlmsgtype": libnl.Str2nlmsgtype,
		"NlmsgFlags2str": libnl.NlmsgFlags2str, "NlattrFrom": libnl.NlattrFrom, "NlaOk": libnl.NlaOk, "NlaNext": libnl.NlaNext,
		"NlaForEachAttr": libnl.NlaForEachAttr, "NlaAttrSize": libnl.NlaAttrSize, "NlaTotalSize": libnl.NlaTotalSize,
		"NlaPadlen": libnl.NlaPadlen, "NlaParse": libnl.NlaParse, "NlaValidate": libnl.NlaValidate, "NlaFind": libnl.NlaFind,
		"DataAlloc": libnl.DataAlloc, "DataAllocAttr": libnl.DataAllocAttr, "AddrBuild": libnl.AddrBuild, "AddrParse": libnl.AddrParse,
		"AddrAlloc": libnl.AddrAlloc, "AddrAllocAttr": libnl.AddrAllocAttr, "AddrValid": libnl.AddrValid, "Af2str": libnl.Af2str,
		"Str2af": libnl.Str2af, "AddrFromNetip": libnl.AddrFromNetip, "AddrFromPrefix": libnl.AddrFromPrefix,
		"AddrFromHardware": libnl.AddrFromHardware, "ObjectAlloc": libnl.ObjectAlloc, "ObjectAllocName": libnl.ObjectAllocName,
		"CancelDownBytes": libnl.CancelDownBytes, "CancelDownBits": libnl.CancelDownBits, "CancelDownUs": libnl.CancelDownUs,
		"Rate2str": libnl.Rate2str, "Size2str": libnl.Size2str, "Size2int": libnl.Size2int, "Prob2int": libnl.Prob2int,
		"GetUserHz": libnl.GetUserHz, "GetPschedHz": libnl.GetPschedHz, "Us2ticks": libnl.Us2ticks, "Ticks2us": libnl.Ticks2us,
		"Str2msec": libnl.Str2msec, "Msec2str": libnl.Msec2str, "Llproto2str": libnl.Llproto2str, "Str2llproto": libnl.Str2llproto,
		"EtherProto2str": libnl.EtherProto2str, "Str2etherProto": libnl.Str2etherProto, "IpProto2str": libnl.IpProto2str,
		"Str2ipProto": libnl.Str2ipProto, "HasCapability": libnl.HasCapability,
	} {
		callHostile(t, name, func() reflect.Value { return reflect.ValueOf(f) })
	}
}

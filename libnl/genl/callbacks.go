package genl

// Every function that C calls is here; see the file of this name in package libnl.

// #include "cgo_helpers.h"
import "C"

import (
	"unsafe"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/internal/core"
)

func init() { C.golibnl_genl_lend(core.Libnl.Trampolines) }

//export golibnlGenlCmd
func golibnlGenlCmd(h C.uintptr_t, cmd *C.struct_genl_cmd, info *C.struct_genl_info) C.int {
	return C.int(core.Libnl.Protect(uintptr(h), -C.NLE_FAILURE, func(call *core.Call) int32 {
		v, ok := table.cmds.Load(cmd)
		if !ok {
			return -C.NLE_OPNOTSUPP
		}
		c := v.(*Cmd)
		act, err := c.MsgParser(c, infoOf(cmd, info))
		return core.Libnl.Answer(call, int(act), err)
	}))
}

// infoOf copies what libnl parsed: the attributes are the same ones, found by where they are in the message.
func infoOf(cmd *C.struct_genl_cmd, info *C.struct_genl_info) *Info {
	h := core.Libnl.Message(unsafe.Pointer(info.nlh)).(*libnl.Nlmsghdr)
	i := &Info{
		Nlh:     h,
		Genlhdr: Hdr(h),
		Userhdr: Hdr(h).UserHdr(),
		Attrs:   make([]*libnl.Nlattr, int(cmd.c_maxattr)+1),
	}
	if w := info.who; w != nil {
		i.Who = libnl.SockaddrNl{NlFamily: uint16(w.nl_family), NlPid: uint32(w.nl_pid), NlGroups: uint32(w.nl_groups)}
	}
	for t, a := range unsafe.Slice(info.attrs, len(i.Attrs)) {
		if a == nil {
			continue
		}
		off := uintptr(unsafe.Pointer(a)) - uintptr(unsafe.Pointer(info.nlh))
		i.Attrs[t], _ = libnl.NlattrFrom(h.Bytes()[off:]) // libnl found it whole
	}
	return i
}

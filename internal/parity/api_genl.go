//go:build linux && cgo

package parity

import (
	"bytes"

	"strings"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/genl"
)

// family is one that a scenario describes.
type family struct {
	ops        *genl.Ops
	registered bool
}

func (f *family) unregister() {
	if f.registered {
		_ = genl.UnregisterFamily(f.ops)
	}
}

var genlVerbs = map[string]verb{
	"family": {5, (*api).makeFamily},
	"policy": {4, func(a *api, w []string) {
		get[*family](a, w, 1).ops.Cmds[num(w, 2)].Policy = policyArg(w, 3)
	}},
	"genl_register_family": {2, func(a *api, w []string) {
		f := get[*family](a, w, 1)
		err := genl.RegisterFamily(f.ops)
		f.registered = f.registered || err == nil
		a.sayRet(0, err)
	}},
	"genl_unregister_family": {2, func(a *api, w []string) {
		f := get[*family](a, w, 1)
		a.sayRet(0, genl.UnregisterFamily(f.ops))
		f.registered = false
	}},
	"genl_handle_msg": {2, func(a *api, w []string) {
		act, err := genl.HandleMsg(a.msg(w, 1))
		a.sayRet(int(act), err)
	}},
	"dispatch": {2, func(a *api, w []string) {
		a.sayRet(0, a.sock(w, 1).ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, genl.HandleMsg))
	}},
	"genl_op2name": {3, func(a *api, w []string) {
		name, known := genl.Op2name(num(w, 1), num(w, 2))
		if !known {
			name = "none"
		}
		a.say(" = %s", name)
	}},
	"genl_ops_resolve": {3, func(a *api, w []string) {
		f := get[*family](a, w, 2)
		a.sayRet(0, genl.OpsResolve(a.sock(w, 1), f.ops))
		a.say(" id=%d", f.ops.Id)
	}},
	"genl_mngt_resolve": {2, func(a *api, w []string) {
		a.sayRet(0, genl.MngtResolve(a.sock(w, 1)))
		for i, name := range w[2:] {
			a.say(" %s=%d", name, get[*family](a, w, 2+i).ops.Id)
		}
	}},
	"genl_register": {2, func(a *api, w []string) { a.sayRet(0, genl.Register(opsArg(w, 1))) }},
	"reregister": {2, func(a *api, w []string) {
		ops := opsArg(w, 1)
		must(genl.Unregister(ops))
		a.say(" gone=%d", yes(libnl.CacheOpsLookup(w[1]) == nil))
		a.sayRet(0, genl.Register(ops))
	}},
	"genlmsg_put": {9, func(a *api, w []string) {
		room, err := genl.Put(a.msg(w, 1), a.namedPort(w[2]), *a.seqOf(w[3]), num(w, 4), num(w, 5), num(w, 6),
			uint8(num(w, 7)), uint8(num(w, 8)))
		a.sayMade(err, "room")
		if err == nil {
			must(room.Write(bytes.Repeat([]byte{0xa5}, num(w, 5))))
		}
	}},
	"genl_send_simple": {6, func(a *api, w []string) {
		a.sayRet(genl.SendSimple(a.sock(w, 1), num(w, 2), uint8(num(w, 3)), uint8(num(w, 4)), num(w, 5)))
	}},
	"genl_headers": {2, (*api).genlHeaders},
	"genlmsg_parse": {4, func(a *api, w []string) {
		tb, err := genl.Parse(a.msg(w, 1).Hdr(), num(w, 2), num(w, 3), policyArg(w, 4))
		a.sayTable(tb, err)
	}},
	"genlmsg_validate": {4, func(a *api, w []string) {
		a.sayRet(0, genl.Validate(a.msg(w, 1).Hdr(), num(w, 2), num(w, 3), policyArg(w, 4)))
	}},
	"genl_ctrl_resolve":     {3, func(a *api, w []string) { a.sayRet(genl.CtrlResolve(a.sock(w, 1), w[2])) }},
	"genl_ctrl_resolve_grp": {4, func(a *api, w []string) { a.sayRet(genl.CtrlResolveGrp(a.sock(w, 1), w[2], w[3])) }},
	"genl_ctrl_alloc_cache": {3, func(a *api, w []string) {
		c, err := genl.CtrlAllocCache(a.sock(w, 2))
		a.sayRet(0, err)
		a.giveCache(w, 1, c)
	}},
	"genl_ctrl_search": {3, func(a *api, w []string) {
		a.sayFamily(genl.CtrlSearch(a.cache(w, 1), num(w, 2)), true)
	}},
	"genl_ctrl_search_by_name": {3, func(a *api, w []string) {
		a.sayFamily(genl.CtrlSearchByName(a.cache(w, 1), w[2]), true)
	}},
	"genl_family_alloc": {2, func(a *api, w []string) {
		f, err := genl.FamilyAlloc()
		must(err)
		give(a, w, 1, f)
	}},
	"genl_family_put": {2, func(a *api, w []string) {
		a.done(get[*genl.Family](a, w, 1).Put())
		forget[*genl.Family](a, w, 1)
	}},
	"family_set": {4, (*api).familySet},
	"genl_family_add_op": {4, func(a *api, w []string) {
		a.sayRet(0, get[*genl.Family](a, w, 1).AddOp(int32(num(w, 2)), int32(num(w, 3))))
	}},
	"genl_family_add_grp": {4, func(a *api, w []string) {
		a.sayRet(0, get[*genl.Family](a, w, 1).AddGrp(uint32(num(w, 2)), w[3]))
	}},
	"show_family": {2, func(a *api, w []string) { a.sayFamily(get[*genl.Family](a, w, 1), false) }},
}

// makeFamily is family F NAME|- ID HDRSIZE [empty | ID/NAME/MAXATTR/TAG:RESULT,...].
func (a *api) makeFamily(w []string) {
	ops := &genl.Ops{Name: w[2], Id: num(w, 3), Hdrsize: num(w, 4)}
	if w[2] == "-" {
		ops.Name = ""
	}
	for i, word := range w[5:] {
		if word == "empty" {
			ops.Cmds = []genl.Cmd{}
			break
		}
		part := strings.SplitN(word, "/", 4)
		cmd := genl.Cmd{Id: uint8(number(part[0])), Name: part[1], Maxattr: number(part[2])}
		if part[3] != "" {
			h := a.hookArg(append(make([]string, 5+i), part[3]), 5+i)
			cmd.MsgParser = h.onCmd
		}
		ops.Cmds = append(ops.Cmds, cmd)
	}
	give(a, w, 1, &family{ops: ops})
}

func (h *hook) onCmd(cmd *genl.Cmd, info *genl.Info) (libnl.CbAction, error) {
	a := h.a
	a.trace("cmd %s %s", h.tag, cmd.Name)
	a.traceHead(info.Nlh)
	a.traceAddr(info.Who)
	a.trace(" cmd=%d version=%d user=%d/%s attrs", info.Genlhdr.Cmd, info.Genlhdr.Version, len(info.Userhdr),
		hashOf(info.Userhdr))
	for i, at := range info.Attrs {
		if at != nil {
			a.trace(" %d:%d", i, at.Len())
		}
	}
	return h.next().asAction()
}

// genlHeaders is for family headers of each length up to what there is.
func (a *api) genlHeaders(w []string) {
	h := a.msg(w, 1).Hdr()
	for hdrlen := 0; hdrlen <= 12; hdrlen += 4 {
		a.say(" valid %d=%d", hdrlen, yes(genl.ValidHdr(h, hdrlen)))
	}
	if !genl.ValidHdr(h, 0) {
		return
	}
	g := genl.Hdr(h)
	end := int(h.NlmsgLen)
	a.trace("cmd=%d version=%d len=%d data at %d user header at %d\n", g.Cmd, g.Version, g.Len(), end-len(g.Data()),
		end-len(g.UserHdr()))
	for hdrlen := 0; hdrlen <= g.Len() && hdrlen <= 12; hdrlen += 4 {
		a.trace("hdrlen %d: user data at %d, %d bytes", hdrlen, end-len(g.UserData(hdrlen)), g.UserDatalen(hdrlen))
		a.trace(", attrs at %d, %d bytes\n", end-len(g.Attrdata(hdrlen)), g.Attrlen(hdrlen))
	}
}

// sayFamily tells of a family, and drops it.
func (a *api) sayFamily(f *genl.Family, drop bool) {
	if f == nil {
		a.say(" = none")
		return
	}
	a.say(" = %s id=%d version=%d hdrsize=%d maxattr=%d", f.GetName(), f.GetId(), f.GetVersion(), f.GetHdrsize(),
		f.GetMaxattr())
	if drop {
		must(f.Put())
	}
}

func (a *api) familySet(w []string) {
	f := get[*genl.Family](a, w, 1)
	switch w[2] {
	case "id":
		f.SetId(uint32(num(w, 3)))
	case "version":
		f.SetVersion(uint8(num(w, 3)))
	case "hdrsize":
		f.SetHdrsize(uint32(num(w, 3)))
	case "maxattr":
		f.SetMaxattr(uint32(num(w, 3)))
	case "name":
		a.done(f.SetName(w[3]))
	default:
		fail("no such field: %s", w[2])
	}
}

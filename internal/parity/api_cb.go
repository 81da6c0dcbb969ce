//go:build linux && cgo

package parity

import (
	"strings"
	"syscall"

	"github.com/golibnl/golibnl/libnl"
)

// cbHooks is what callbacks of calls need.
type cbHooks struct{ injected [][]byte }

// hook is what a callback that is named does: it traces, and returns its results in turn.
type hook struct {
	a    *api
	tag  string
	slot slot
}

// hookArg is TAG:RESULT,RESULT...
func (a *api) hookArg(w []string, word int) *hook {
	if word >= len(w) {
		fail("a callback is missing: %s", w[0])
	}
	h := &hook{a: a}
	var results string
	h.tag, results, _ = strings.Cut(w[word], ":")
	for _, r := range strings.Split(results, ",") {
		if r != "" {
			h.slot.results = append(h.slot.results, resultFrom(r))
		}
	}
	if h.slot.results == nil {
		h.slot.results = []result{{}}
	}
	return h
}

func (h *hook) next() result {
	r := h.slot.results[min(h.slot.used, len(h.slot.results)-1)]
	h.slot.used++
	h.a.traceResult(r)
	return r
}

func (h *hook) onMsg(msg *libnl.Msg) (libnl.CbAction, error) {
	h.a.trace("cb %s", h.tag)
	h.a.traceMsg(msg)
	return h.next().asAction()
}

func (h *hook) onErr(nla libnl.SockaddrNl, e *libnl.Nlmsgerr) (libnl.CbAction, error) {
	h.a.trace("cb %s error=%d", h.tag, e.Error)
	h.a.traceHead(e.Hdr())
	h.a.traceAddr(nla)
	return h.next().asAction()
}

func (h *hook) onSend(sk *libnl.Socket, msg *libnl.Msg) (int, error) {
	h.a.trace("cb %s for %s", h.tag, nameOf(h.a, sk))
	h.a.traceMsg(msg)
	r := h.next()
	if r.whole {
		return int(msg.Hdr().NlmsgLen), nil
	}
	return max(r.value, 0), r.asError()
}

func (h *hook) onRecvmsgs(sk *libnl.Socket, cb *libnl.Cb) (int, error) {
	h.a.trace("cb %s for %s with %s", h.tag, nameOf(h.a, sk), nameOf(h.a, cb))
	r := h.next()
	return max(r.value, 0), r.asError()
}

// nameOf is the name of the last one, since one object may have several.
func nameOf[T comparable](a *api, v T) string {
	for i := len(a.things) - 1; i >= 0; i-- {
		if got, ok := a.things[i].v.(T); ok && got == v {
			return a.things[i].name
		}
	}
	return "?"
}

// receiveInjected is a receive hook.
func (a *api) receiveInjected(sk *libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
	a.trace("receive for %s", nameOf(a, sk))
	if len(a.injected) == 0 {
		a.trace(" = %d\n", -int(libnl.NLE_AGAIN))
		return nil, libnl.SockaddrNl{}, nil, libnl.NLE_AGAIN
	}
	b := a.injected[0]
	a.injected = a.injected[1:]
	a.trace(" = %d\n", len(b))
	return b, libnl.SockaddrNl{NlFamily: syscall.AF_NETLINK}, nil, nil
}

func kindArg(w []string, word int) libnl.CbKind {
	if w[word] == "custom" {
		return libnl.NL_CB_CUSTOM
	}
	if kind, ok := kinds[w[word]]; ok {
		return kind
	}
	return libnl.CbKind(number(w[word]))
}

func typeArg(w []string, word int) libnl.CbType {
	if typ, ok := cbTypes[w[word]]; ok {
		return typ
	}
	return libnl.CbType(num(w, word))
}

func (a *api) msgFunc(w []string, word int, kind libnl.CbKind) libnl.MsgCb {
	if kind != libnl.NL_CB_CUSTOM {
		return nil
	}
	return a.hookArg(w, word).onMsg
}

func (a *api) errFunc(w []string, word int, kind libnl.CbKind) libnl.ErrCb {
	if kind != libnl.NL_CB_CUSTOM {
		return nil
	}
	return a.hookArg(w, word).onErr
}

func giveCb(a *api, w []string, cb *libnl.Cb, err error) {
	must(err)
	give(a, w, 1, cb)
}

var cbVerbs = map[string]verb{
	"nl_cb_alloc": {3, func(a *api, w []string) {
		cb, err := libnl.CbAlloc(kindArg(w, 2))
		if err != nil {
			a.say(" = none")
			return
		}
		give(a, w, 1, cb)
	}},
	"nl_cb_clone": {3, func(a *api, w []string) {
		cb, err := a.cbAt(w, 2).Clone()
		giveCb(a, w, cb, err)
	}},
	"nl_cb_get": {3, func(a *api, w []string) {
		cb, err := a.cbAt(w, 2).Get()
		giveCb(a, w, cb, err)
	}},
	"nl_cb_put": {2, func(a *api, w []string) {
		a.done(a.cbAt(w, 1).Put())
		forget[*libnl.Cb](a, w, 1)
	}},
	"nl_cb_set": {4, func(a *api, w []string) {
		cb, kind := a.cbAt(w, 1), kindArg(w, 3)
		a.sayRet(0, cb.Set(typeArg(w, 2), kind, a.msgFunc(w, 4, kind)))
	}},
	"nl_cb_set_all": {3, func(a *api, w []string) {
		cb, kind := a.cbAt(w, 1), kindArg(w, 2)
		a.sayRet(0, cb.SetAll(kind, a.msgFunc(w, 3, kind)))
	}},
	"nl_cb_err": {3, func(a *api, w []string) {
		cb, kind := a.cbAt(w, 1), kindArg(w, 2)
		a.sayRet(0, cb.Err(kind, a.errFunc(w, 3, kind)))
	}},
	"nl_socket_modify_cb": {4, func(a *api, w []string) {
		sk, kind := a.sock(w, 1), kindArg(w, 3)
		a.sayRet(0, sk.ModifyCb(typeArg(w, 2), kind, a.msgFunc(w, 4, kind)))
	}},
	"nl_socket_modify_err_cb": {3, func(a *api, w []string) {
		sk, kind := a.sock(w, 1), kindArg(w, 2)
		a.sayRet(0, sk.ModifyErrCb(kind, a.errFunc(w, 3, kind)))
	}},
	"nl_cb_overwrite_recv": {3, func(a *api, w []string) {
		if w[2] == "none" {
			a.done(a.cbAt(w, 1).OverwriteRecv(nil))
			return
		}
		a.done(a.cbAt(w, 1).OverwriteRecv(a.receiveInjected))
	}},
	"nl_cb_overwrite_send": {3, func(a *api, w []string) {
		if w[2] == "none" {
			a.done(a.cbAt(w, 1).OverwriteSend(nil))
			return
		}
		a.done(a.cbAt(w, 1).OverwriteSend(a.hookArg(w, 2).onSend))
	}},
	"nl_cb_overwrite_recvmsgs": {3, func(a *api, w []string) {
		if w[2] == "none" {
			a.done(a.cbAt(w, 1).OverwriteRecvmsgs(nil))
			return
		}
		a.done(a.cbAt(w, 1).OverwriteRecvmsgs(a.hookArg(w, 2).onRecvmsgs))
	}},
	"nl_cb_active_type": {2, func(a *api, w []string) {
		if active := a.cbAt(w, 1).ActiveType(); active <= libnl.NL_CB_TYPE_MAX {
			a.say(" = %s", strings.TrimPrefix(active.String(), "NL_CB_"))
			return
		}
		a.say(" = none")
	}},
	"nl_socket_set_cb": {3, func(a *api, w []string) { a.done(a.sock(w, 1).SetCb(a.cbAt(w, 2))) }},
	"nl_socket_get_cb": {3, func(a *api, w []string) {
		cb, err := a.sock(w, 2).GetCb()
		giveCb(a, w, cb, err)
	}},
	"same_cb": {3, func(a *api, w []string) {
		a.say(" = %d", yes(a.cbAt(w, 1) == a.cbAt(w, 2)))
	}},
	"inject": {2, func(a *api, w []string) { a.injected = append(a.injected, a.stream(w, 1)) }},
}

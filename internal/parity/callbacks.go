//go:build linux && cgo

package parity

import (
	"strings"

	"github.com/golibnl/golibnl/libnl"
)

func resultFrom(word string) (r result) {
	if act, rest, ok := strings.Cut(word, ":"); ok {
		if act != "send" && act != "recv" && act != "clear" {
			fail("no such action: %s", act)
		}
		r.act, word = act, rest
	}
	switch word {
	case "OK":
		r.value = int(libnl.NL_OK)
	case "SKIP":
		r.value = int(libnl.NL_SKIP)
	case "STOP":
		r.value = int(libnl.NL_STOP)
	case "WHOLE":
		r.whole = true
	default:
		r.value = lookUp(codes, word)
		if strings.HasPrefix(word, "NLE_") {
			r.value = -r.value
		}
	}
	return r
}

// on sets a callback.
func (t *twin) on(name string, words []string) {
	kind, builtin := kinds[words[0]]
	delete(t.slots, name)
	if !builtin {
		kind = libnl.NL_CB_CUSTOM
		s := &slot{}
		for _, w := range words {
			s.results = append(s.results, resultFrom(w))
		}
		t.slots[name] = s
	}
	switch name {
	case "ERR":
		must(t.sk.ModifyErrCb(kind, t.onErr))
	case "SEND":
		if builtin {
			must(t.cb.OverwriteSend(nil))
		} else {
			must(t.cb.OverwriteSend(t.onSend))
		}
	case "RECVMSGS":
		must(t.cb.OverwriteRecvmsgs(t.onRecvmsgs))
	case "PARSER":
	default:
		typ, ok := cbTypes[name]
		if !ok {
			fail("no such callback: %s", name)
		}
		must(t.sk.ModifyCb(typ, kind, func(msg *libnl.Msg) (libnl.CbAction, error) { return t.onMsg(name, msg) }))
	}
}

// outcome is the next result of a callback, after what it has to do; the last one goes for all further calls.
func (t *twin) outcome(name string) result {
	s := t.slots[name]
	r := s.results[min(s.used, len(s.results)-1)]
	s.used++
	t.traceResult(r)
	t.nested(r.act, name)
	return r
}

func (t *twin) traceResult(r result) {
	switch {
	case r.whole:
		t.trace(" -> WHOLE\n")
	case r.value >= 0 && r.value <= 2:
		t.trace(" -> %s\n", [...]string{"OK", "SKIP", "STOP"}[r.value])
	default:
		t.trace(" -> %d\n", r.value)
	}
}

func (t *twin) nested(act, name string) {
	switch act {
	case "send":
		n, err := t.sk.SendSimple(0x99, 0, nil)
		t.traceRet("nested send_simple", n, err)
	case "recv":
		t.traceRet("nested recvmsgs_default", 0, t.sk.RecvmsgsDefault())
	case "clear":
		if typ, ok := cbTypes[name]; ok {
			must(t.sk.ModifyCb(typ, libnl.NL_CB_DEFAULT, nil))
		} else {
			must(t.sk.ModifyErrCb(libnl.NL_CB_DEFAULT, nil))
		}
	}
}

// asError is a negative result as Go callbacks return it, nil for one that is not negative.
func (r result) asError() error {
	if r.value < 0 {
		return libnl.Error(-r.value)
	}
	return nil
}

func (r result) asAction() (libnl.CbAction, error) {
	if err := r.asError(); err != nil {
		return libnl.NL_OK, err
	}
	return libnl.CbAction(r.value), nil
}

func (t *twin) onMsg(name string, msg *libnl.Msg) (libnl.CbAction, error) {
	t.trace("cb %s", name)
	active := t.cb.ActiveType()
	if active <= libnl.NL_CB_TYPE_MAX {
		t.trace(" active=%s", strings.TrimPrefix(active.String(), "NL_CB_"))
	} else {
		t.trace(" active=none")
	}
	t.traceMsg(msg)
	return t.outcome(name).asAction()
}

func (t *twin) traceMsg(msg *libnl.Msg) {
	t.traceHead(msg.Hdr())
	t.traceAddr(msg.GetSrc())
	t.trace(" proto=%d", msg.GetProto())
	t.traceCreds(msg.GetCreds())
}

func (t *twin) onErr(nla libnl.SockaddrNl, e *libnl.Nlmsgerr) (libnl.CbAction, error) {
	t.trace("cb ERR error=%d", e.Error)
	t.traceHead(e.Hdr())
	t.traceAddr(nla)
	return t.outcome("ERR").asAction()
}

func (t *twin) onSend(_ *libnl.Socket, msg *libnl.Msg) (int, error) {
	t.trace("cb SEND")
	t.traceMsg(msg)
	r := t.outcome("SEND")
	if r.whole {
		return int(msg.Hdr().NlmsgLen), nil
	}
	return max(r.value, 0), r.asError()
}

func (t *twin) onRecvmsgs(*libnl.Socket, *libnl.Cb) (int, error) {
	t.trace("cb RECVMSGS")
	r := t.outcome("RECVMSGS")
	return max(r.value, 0), r.asError()
}

func (t *twin) onParse(nla libnl.SockaddrNl, hdr *libnl.Nlmsghdr, _ func(*libnl.Object) error) error {
	t.trace("cb PARSER")
	t.traceHead(hdr)
	t.traceAddr(nla)
	return t.outcome("PARSER").asError()
}

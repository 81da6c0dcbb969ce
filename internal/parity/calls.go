//go:build linux && cgo

package parity

import (
	"github.com/golibnl/golibnl/libnl"
)

func (t *twin) call(name string, args []string) {
	n, err := t.do(name, args)
	t.traceRet("call "+name, n, err)
	if t.over == Usersock {
		// What the peer got is what the kernel was handed.
		for _, b := range received(t.peerFd) {
			t.traceStream("wire", b)
		}
	}
}

func (t *twin) do(name string, args []string) (int, error) {
	switch name {
	case "recvmsgs_report":
		return t.sk.RecvmsgsReport(t.cb)
	case "recvmsgs":
		return 0, t.sk.Recvmsgs(t.cb)
	case "recvmsgs_default":
		return 0, t.sk.RecvmsgsDefault()
	case "recv":
		return t.recv()
	case "wait_for_ack":
		return 0, t.sk.WaitForAck()
	case "pickup":
		obj, err := t.sk.Pickup(t.onParse)
		must(obj.Put())
		return 0, err
	case "pickup_keep_syserr":
		obj, errno, err := t.sk.PickupKeepSyserr(t.onParse)
		must(obj.Put())
		t.trace("syserr %d\n", int(errno))
		return 0, err
	}
	if len(args) == 0 {
		fail("no such call, or no message for it: %s", name)
	}
	return t.doSend(name, args[0])
}

func (t *twin) doSend(name, word string) (int, error) {
	switch name {
	case "send":
		return t.sk.Send(t.message(word))
	case "send_auto":
		return t.sk.SendAuto(t.message(word))
	case "send_sync":
		msg := t.message(word)
		t.sent = nil
		return 0, t.sk.SendSync(msg)
	case "send_simple":
		m := t.make(word)
		return t.sk.SendSimple(int(m.typ), int(m.flags), m.payload)
	case "sendto":
		return t.sk.Sendto(t.make(word).flatten(t))
	}
	fail("no such call: %s", name)
	return 0, nil
}

// message makes a message, which stays the twin's.
func (t *twin) message(word string) *libnl.Msg {
	if word == "again" {
		return t.sent
	}
	m := t.make(word)
	msg, err := libnl.NlmsgAllocSimple(int(m.typ), int(m.flags))
	must(err)
	must(msg.Append(m.payload, libnl.NLMSG_ALIGNTO))
	h := msg.Hdr()
	h.NlmsgSeq, h.NlmsgPid = or(m.seq, libnl.NL_AUTO_SEQ), or(m.pid, libnl.NL_AUTO_PORT)
	must(msg.SetHdr(h))
	must(t.sent.Free())
	t.sent = msg
	return msg
}

// recv is nl_recv itself, without any loop.
func (t *twin) recv() (int, error) {
	buf, from, creds, err := t.sk.Recv()
	if err == nil && len(buf) > 0 {
		t.trace("got")
		t.traceAddr(from)
		t.traceCreds(creds)
		t.trace("\n")
		t.traceStream("got", buf)
	}
	return len(buf), err
}

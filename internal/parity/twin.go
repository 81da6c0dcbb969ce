//go:build linux && cgo

package parity

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/golibnl/golibnl/libnl"
)

// twin does in Go what cside/run.c does in C.
type twin struct {
	sk         *libnl.Socket
	cb         *libnl.Cb
	over       Over
	base       uint32
	self, peer uint32
	peerFd     int
	slots      map[string]*slot
	queue      []item
	ordinal    int
	sent       *libnl.Msg
	out        bytes.Buffer
	api        *api // for a scenario over calls
}

// slot is what a callback returns.
type slot struct {
	results []result
	used    int
}

type result struct {
	act   string // send, recv, clear, or nothing
	value int
	whole bool
}

// item is what one receive brings.
type item struct {
	buf   []byte
	from  libnl.SockaddrNl
	creds *libnl.Ucred
	err   error
}

var cbTypes = map[string]libnl.CbType{
	"VALID": libnl.NL_CB_VALID, "FINISH": libnl.NL_CB_FINISH, "OVERRUN": libnl.NL_CB_OVERRUN,
	"SKIPPED": libnl.NL_CB_SKIPPED, "ACK": libnl.NL_CB_ACK, "MSG_IN": libnl.NL_CB_MSG_IN,
	"MSG_OUT": libnl.NL_CB_MSG_OUT, "INVALID": libnl.NL_CB_INVALID, "SEQ_CHECK": libnl.NL_CB_SEQ_CHECK,
	"SEND_ACK": libnl.NL_CB_SEND_ACK, "DUMP_INTR": libnl.NL_CB_DUMP_INTR,
}

var kinds = map[string]libnl.CbKind{
	"default": libnl.NL_CB_DEFAULT, "verbose": libnl.NL_CB_VERBOSE, "debug": libnl.NL_CB_DEBUG,
}

// Run runs the scenario on package libnl and returns the lines of its trace.
func (sc *Scenario) Run(over Over) (trace []string, err error) {
	t := &twin{over: over, peerFd: -1, slots: map[string]*slot{"SEND": {results: []result{{whole: true}}}}}
	defer t.close()
	line := 0
	defer func() {
		switch p := recover().(type) {
		case nil:
		case failed:
			err = fmt.Errorf("%s, line %d: %w", sc, line, p.error)
		default:
			panic(p)
		}
	}()
	if over == Calls {
		t.api = newAPI(t)
		defer t.api.end()
		for _, s := range sc.Steps {
			line = s.Line
			t.api.step(s.Words)
		}
		return t.lines(), nil
	}
	t.start()
	for _, s := range sc.Steps {
		line = s.Line
		t.step(s.Words)
	}
	t.end()
	return t.lines(), nil
}

func (t *twin) lines() []string { return strings.Split(strings.TrimSuffix(t.out.String(), "\n"), "\n") }

func (t *twin) start() {
	var err error
	t.sk, err = libnl.SocketAlloc()
	must(err)
	t.cb, err = t.sk.GetCb()
	must(err)
	t.learnBase(t.sk, 0)
	if t.over == Inject {
		must(t.cb.OverwriteRecv(t.receive))
		must(t.cb.OverwriteSend(t.onSend))
	} else {
		must(t.sk.Connect(map[Over]int{Usersock: libnl.NETLINK_USERSOCK, Route: libnl.NETLINK_ROUTE}[t.over]))
		must(t.sk.SetNonblocking())
	}
	t.self = t.sk.GetLocalPort()
	if t.over == Usersock {
		t.peerFd, err = syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, libnl.NETLINK_USERSOCK)
		must(err)
		must(syscall.Bind(t.peerFd, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}))
		a, err := syscall.Getsockname(t.peerFd)
		must(err)
		t.peer = a.(*syscall.SockaddrNetlink).Pid
		t.sk.SetPeerPort(t.peer)
	}
}

// learnBase makes the next number that a socket gives out and the one that it expects the same, and known: for the first
// socket of a scenario what they happen to be, for another what lies far enough from there to be told apart.
func (t *twin) learnBase(sk *libnl.Socket, nth int) {
	next := sk.UseSeq()
	must(t.recvmsgsSingle(sk, libnl.NLMSG_ERROR, next))
	next++
	if nth == 0 {
		t.base = next
	}
	for ; next != t.base+100*uint32(nth); next++ {
		sk.UseSeq()
		must(t.recvmsgsSingle(sk, libnl.NLMSG_ERROR, next))
	}
}

func (t *twin) close() {
	_ = t.sent.Free()
	_ = t.cb.Put()
	_ = t.sk.Free()
	if t.peerFd >= 0 {
		_ = syscall.Close(t.peerFd)
	}
}

func (t *twin) step(words []string) {
	verb, args := words[0], words[1:]
	switch {
	case verb == "datagram":
		t.datagram(args)
	case verb == "eof":
		t.queue = append(t.queue, item{})
	case verb == "fail" && len(args) > 0:
		err := error(libnl.Error(lookUp(codes, args[0])))
		if len(args) > 1 {
			err = errors.Join(err, syscall.Errno(lookUp(errnos, args[1])))
		}
		t.queue = append(t.queue, item{err: err})
	case verb == "flood" && len(args) == 1:
		t.flood(number(args[0]))
	case verb == "set" && len(args) == 1:
		t.set(args[0])
	case verb == "on" && len(args) > 1:
		t.on(args[0], args[1:])
	case verb == "call" && len(args) > 0:
		t.call(args[0], args[1:])
	default:
		fail("no such step: %s", verb)
	}
}

// receive is the receive hook: what was queued, and then nothing.
func (t *twin) receive(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
	i := item{err: libnl.NLE_AGAIN}
	if len(t.queue) > 0 {
		i, t.queue = t.queue[0], t.queue[1:]
	}
	t.trace("receive = %s\n", resultOf(len(i.buf), i.err))
	return i.buf, i.from, i.creds, i.err
}

// recvmsgsSingle receives one message with a sequence number, for what happens outside of the scenario.
func (t *twin) recvmsgsSingle(sk *libnl.Socket, typ uint16, seq uint32) error {
	cb, err := libnl.CbAlloc(libnl.NL_CB_DEFAULT)
	must(err)
	defer func() { must(cb.Put()) }()
	must(cb.OverwriteRecv(func(*libnl.Socket) ([]byte, libnl.SockaddrNl, *libnl.Ucred, error) {
		m := &made{typ: typ, seq: &seq, payload: make([]byte, nlmsgerrLen), said: -1}
		return m.flatten(t), libnl.SockaddrNl{NlFamily: syscall.AF_NETLINK}, nil, nil
	}))
	return sk.Recvmsgs(cb)
}

// end tells what is left. The number that the socket expects cannot be read, but a data message with it, and no other,
// is taken.
func (t *twin) end() {
	left := len(t.queue)
	if t.over != Inject {
		left = len(received(t.sk.GetFd()))
	}
	t.sk.EnableAutoAck()
	expect := "?"
	for d := -4; d < 20; d++ {
		if t.recvmsgsSingle(t.sk, 0x20, t.base+uint32(d)) == nil {
			expect = fmt.Sprintf("%+d", d)
			break
		}
	}
	t.trace("end expect=%s next=%+d left=%d\n", expect, int32(t.sk.UseSeq()-t.base), left)
}

// received empties a socket.
func received(fd int) (all [][]byte) {
	for {
		buf := make([]byte, 1<<16)
		n, _, err := syscall.Recvfrom(fd, buf, syscall.MSG_DONTWAIT)
		if err != nil {
			return all
		}
		all = append(all, buf[:n])
	}
}

func (t *twin) datagram(words []string) {
	i := item{from: libnl.SockaddrNl{NlFamily: syscall.AF_NETLINK}}
	var group uint32
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "from":
			i.from.NlPid = uint32(number(value))
		case "group":
			group = uint32(number(value))
		case "creds":
			i.creds = &libnl.Ucred{}
			_, err := fmt.Sscanf(value, "%d/%d/%d", &i.creds.Pid, &i.creds.Uid, &i.creds.Gid)
			must(err)
		default:
			i.buf = append(i.buf, t.make(w).flatten(t)...)
		}
	}
	if t.over == Inject {
		t.queue = append(t.queue, i)
		return
	}
	t.sendAsPeer(i.buf, group)
}

func (t *twin) sendAsPeer(b []byte, group uint32) {
	to := &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK, Pid: t.self, Groups: group}
	if group != 0 {
		to.Pid = 0
	}
	// Without a receiver, or room, it fails: that the socket did not get it is seen in the end.
	_ = syscall.Sendto(t.peerFd, b, 0, to)
}

// flooding is a notification of a kilobyte.
func (t *twin) flooding() *made {
	return &made{typ: 0x20, pid: new(uint32), payload: make([]byte, 1024-libnl.NLMSG_HDRLEN), said: -1}
}

func (t *twin) flood(n int) {
	m := t.flooding()
	for range n {
		t.sendAsPeer(m.flatten(t), 1)
	}
}

func (t *twin) set(word string) {
	name, value, _ := strings.Cut(word, "=")
	switch name {
	case "no-auto-ack":
		t.sk.DisableAutoAck()
	case "auto-ack":
		t.sk.EnableAutoAck()
	case "no-seq-check":
		must(t.sk.DisableSeqCheck())
	case "no-peek":
		t.sk.DisableMsgPeek()
	case "peek":
		t.sk.EnableMsgPeek()
	case "passcred":
		must(t.sk.SetPasscred(true))
	case "msg-buf-size":
		must(t.sk.SetMsgBufSize(number(value)))
	case "group":
		must(t.sk.AddMembership(number(value)))
	case "peer":
		t.sk.SetPeerPort(*t.portOf(value))
	default:
		fail("set %s", word)
	}
}

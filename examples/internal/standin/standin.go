//go:build linux

// Package standin plays the modules of kmod in user space, for machines where they are not loaded. It does to a program
// what they do, but for this: its messages come from a port of its own and not from port 0, what it logs goes to standard
// error, it asks for no privilege, and it cannot answer inside the sender's sendmsg.
package standin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
)

// Module is what is played.
type Module struct {
	Name     string // the kernel module's
	Protocol int    // the one that it would register
}

// Port is the port ID that the stand-in binds on NETLINK_USERSOCK, and that programs send to in the place of 0. libnl's
// ports have a process ID in the lower 22 bits, so this is none of them.
func (m Module) Port() uint32 { return uint32(m.Protocol) << 22 }

// parts are the modules: their parameters with the default values, and what they do.
var parts = map[string]struct {
	params  map[string]int
	load    func(*player)
	receive func(p *player, from libnl.SockaddrNl, h *libnl.Nlmsghdr) refusal
}{
	"nl_greeting":   {greetingParams, greet, takeNothing},
	"nl_hello":      {helloParams, startTalking, hello},
	"dummy_netlink": {dummyParams, broadcast, dummy},
}

// refusal is an error that a request is answered with, and its extended ACK. The zero value is none.
type refusal struct {
	errno syscall.Errno
	text  string
}

// dropped is the result of a request that is neither acknowledged nor refused.
var dropped = refusal{text: "dropped"}

// player is a module that is played.
type player struct {
	Module
	sk     *libnl.Socket
	params map[string]int
	log    io.Writer
	mu     sync.Mutex // a socket has one sender at a time
}

// Play plays the module for as long as the process lives, or as soon as the process ends that plays it now.
// params are as insmod takes them: name=value.
func Play(m Module, params []string, log io.Writer) error {
	part, ok := parts[m.Name]
	if !ok {
		return fmt.Errorf("there is no stand-in for %s", m.Name)
	}
	p := &player{Module: m, params: maps.Clone(part.params), log: log}
	for _, s := range params {
		name, text, _ := strings.Cut(s, "=")
		value, err := strconv.Atoi(text)
		if _, ok := p.params[name]; !ok || err != nil || value < 0 {
			return fmt.Errorf("%q is no parameter of %s with a number", s, m.Name)
		}
		p.params[name] = value
	}

	run := func() error {
		part.load(p)
		for {
			if err := p.receive(part.receive); err != nil {
				return err
			}
		}
	}
	err := p.bind()
	if err != nil && !errors.Is(err, libnl.NLE_EXIST) {
		return fmt.Errorf("binding the stand-in: %w", err)
	}
	go func() {
		for errors.Is(err, libnl.NLE_EXIST) {
			time.Sleep(100 * time.Millisecond)
			err = p.bind()
		}
		if err == nil {
			err = run()
		}
		p.logf("ends: %v", err)
	}()
	return nil
}

// bind takes the module's port.
func (p *player) bind() error {
	sk, err := libnl.SocketAlloc()
	if err != nil {
		return err
	}
	if err = errors.Join(sk.SetLocalPort(p.Port()), sk.Connect(libnl.NETLINK_USERSOCK)); err != nil {
		_ = sk.Free()
		return err
	}
	p.sk = sk
	return nil
}

// receive takes one datagram as netlink_rcv_skb does: what is no request, or not whole, is dropped; control messages are
// only acknowledged; f sees the others.
func (p *player) receive(f func(*player, libnl.SockaddrNl, *libnl.Nlmsghdr) refusal) error {
	b, from, _, err := p.sk.Recv()
	if errors.Is(err, unix.ENOBUFS) {
		return nil // messages were lost; a kernel module never knows
	}
	if err != nil {
		return err
	}
	for h := range libnl.NlmsgForEach(b) {
		if h.NlmsgFlags&libnl.NLM_F_REQUEST == 0 {
			continue
		}
		var r refusal
		if h.NlmsgType >= libnl.NLMSG_MIN_TYPE {
			r = f(p, from, h)
		}
		if r != dropped && (r.errno != 0 || h.NlmsgFlags&libnl.NLM_F_ACK != 0) {
			p.acknowledge(from.NlPid, h, r)
		}
	}
	return nil
}

// acknowledge answers a request with an NLMSG_ERROR message.
func (p *player) acknowledge(port uint32, h *libnl.Nlmsghdr, r refusal) {
	payload := binary.NativeEndian.AppendUint32(nil, uint32(-int32(r.errno)))
	payload = append(payload, h.Bytes()[:libnl.NLMSG_HDRLEN]...)
	flags := libnl.NLM_F_CAPPED
	if r.text != "" {
		flags |= libnl.NLM_F_ACK_TLVS
		text := p.Name + ": " + r.text + "\x00"
		payload = binary.NativeEndian.AppendUint16(payload, uint16(libnl.NLA_HDRLEN+len(text)))
		payload = binary.NativeEndian.AppendUint16(payload, 1) // NLMSGERR_ATTR_MSG
		payload = append(payload, text...)
	}
	_ = p.send(libnl.SockaddrNl{NlPid: port}, libnl.NLMSG_ERROR, flags, h.NlmsgSeq, payload)
}

// say sends a text to a port, or a group if to has one. Nobody there is no error of a group.
func (p *player) say(to libnl.SockaddrNl, typ int, seq uint32, text string) error {
	err := p.send(to, typ, 0, seq, append([]byte(text), 0))
	if to.NlGroups != 0 && errors.Is(err, unix.ECONNREFUSED) {
		err = nil
	}
	return err
}

func (p *player) send(to libnl.SockaddrNl, typ, flags int, seq uint32, payload []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	msg, err := libnl.NlmsgAlloc()
	if err != nil {
		return err
	}
	defer msg.Free()
	if _, err := msg.Put(p.Port(), seq, typ, 0, flags); err != nil {
		return err
	}
	if err := msg.Append(payload, 0); err != nil {
		return err
	}
	to.NlFamily = unix.AF_NETLINK
	msg.SetDst(to)
	_, err = p.sk.Send(msg)
	return err
}

// every calls f now, and then each period_ms, until f returns false.
func (p *player) every(f func() bool) {
	for f() {
		time.Sleep(time.Duration(p.params["period_ms"]) * time.Millisecond)
	}
}

func (p *player) logf(format string, args ...any) {
	fmt.Fprintf(p.log, "(stand-in) %s: %s\n", p.Name, fmt.Sprintf(format, args...))
}

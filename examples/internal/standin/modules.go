//go:build linux

package standin

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
	"syscall"

	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/libnl"
)

// The parameters of the modules, and their defaults.
var (
	greetingParams = map[string]int{"period_ms": 1000}
	helloParams    = map[string]int{"count": uapi.NL_HELLO_COUNT, "period_ms": uapi.NL_HELLO_PERIOD_MS, "to_port": 0}
	dummyParams    = map[string]int{"r_grps": 0, "b_grp": 0, "period_ms": 1000}
)

func mask(group int) uint32 { return 1 << (group - 1) }

// greet is nl_greeting: it greets group 1.
func greet(p *player) {
	group := libnl.SockaddrNl{NlGroups: mask(uapi.NL_GREETING_GROUP)}
	go p.every(func() bool {
		_ = p.say(group, uapi.NL_GREETING_MSG, 0, uapi.NL_GREETING_TEXT)
		return p.params["period_ms"] != 0
	})
}

func takeNothing(*player, libnl.SockaddrNl, *libnl.Nlmsghdr) refusal { return dropped }

// startTalking is nl_hello with to_port: it speaks to a port that did not ask, from when that exists on.
func startTalking(p *player) {
	if to := p.params["to_port"]; to != 0 {
		go p.answer(uint32(to), 0, true)
	}
}

// hello is nl_hello's side of a talk.
func hello(p *player, from libnl.SockaddrNl, h *libnl.Nlmsghdr) refusal {
	if h.NlmsgType != uapi.NL_HELLO_MSG {
		return refusal{syscall.EOPNOTSUPP, "the message type is not NL_HELLO_MSG"}
	}
	text, r := textOf(h.Data(), uapi.NL_HELLO_TEXT_MAX)
	if r.errno != 0 {
		return r
	}
	p.logf("port %d says: %s", from.NlPid, text)
	go p.answer(from.NlPid, h.NlmsgSeq, false)
	return refusal{}
}

// answer sends count answers to a port, which may be yet to come if wait is set.
func (p *player) answer(port, seq uint32, wait bool) {
	left := p.params["count"]
	p.every(func() bool {
		err := p.say(libnl.SockaddrNl{NlPid: port}, uapi.NL_HELLO_MSG, seq, uapi.NL_HELLO_TEXT)
		if err != nil {
			return wait
		}
		wait = false
		left--
		return left > 0
	})
}

// broadcast is what dummy_netlink does by itself: a message to each group of b_grp, one send a group.
func broadcast(p *player) {
	format := strings.ReplaceAll(uapi.DUMMY_NETLINK_FORMAT, "%u", "%d") // C's verb
	groups := uint32(p.params["b_grp"])
	count := 0
	go p.every(func() bool {
		count++
		for left := groups; left != 0; left &= left - 1 {
			group := bits.TrailingZeros32(left) + 1
			text := fmt.Sprintf(format, count, group)
			_ = p.say(libnl.SockaddrNl{NlGroups: mask(group)}, uapi.DUMMY_NETLINK_TEXT, 0, text)
		}
		return groups != 0
	})
}

// dummy is what dummy_netlink does with messages. from has the group that a message was sent to: writers send to the
// group and to the stand-in's port, as the kernel gets a copy of what is sent to a group and port 0.
func dummy(p *player, from libnl.SockaddrNl, h *libnl.Nlmsghdr) refusal {
	if from.NlGroups != 0 && from.NlGroups&uint32(p.params["r_grps"]) == 0 {
		return dropped
	}
	switch h.NlmsgType {
	case uapi.DUMMY_NETLINK_TEXT:
		text, r := textOf(h.Data(), uapi.DUMMY_NETLINK_TEXT_MAX)
		if r.errno == 0 {
			p.logf("port %d to group %d: %s", from.NlPid, bits.Len32(from.NlGroups), text)
		}
		return r
	case uapi.DUMMY_NETLINK_SEND:
		return p.sendOn(h)
	}
	return refusal{syscall.EOPNOTSUPP, "the message type is neither DUMMY_NETLINK_TEXT nor DUMMY_NETLINK_SEND"}
}

// sendOn sends a text on to the port that the message names.
func (p *player) sendOn(h *libnl.Nlmsghdr) refusal {
	payload := h.Data()
	if len(payload) < 4 {
		return refusal{syscall.EINVAL, "the message is too short to name a port"}
	}
	to := binary.NativeEndian.Uint32(payload)
	if to == 0 {
		return refusal{syscall.EINVAL, "port 0 is the kernel's own"}
	}
	text, r := textOf(payload[4:], uapi.DUMMY_NETLINK_TEXT_MAX)
	if r.errno != 0 {
		return r
	}
	if err := p.say(libnl.SockaddrNl{NlPid: to}, uapi.DUMMY_NETLINK_TEXT, h.NlmsgSeq, text); err != nil {
		return refusal{syscall.ECONNREFUSED, "that port does not take the message"}
	}
	return refusal{}
}

// textOf is the text of a payload, of 1 to longest bytes; NULs at its end do not count.
func textOf(payload []byte, longest int) (string, refusal) {
	text := strings.TrimRight(string(payload), "\x00")
	switch {
	case text == "":
		return "", refusal{syscall.EINVAL, "the message has no text"}
	case len(text) > longest:
		return "", refusal{syscall.EMSGSIZE, "the text is too long"}
	}
	return text, refusal{}
}

//go:build vm

package kmodtest_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/libnl"
)

// malformed is how many malformed messages a module is sent.
const malformed = 10_000

// target is a module as its sender sees it.
type target struct {
	protocol int
	types    []uint16 // message types to send, beside random ones
	// payload makes a payload that may be right, of which most messages are made; nil: all are random.
	payload func(rnd *rand.Rand) []byte
	// verdict is the errno that a request with this type and payload is answered with, 0 for an ACK; nil: not checked.
	verdict func(typ uint16, payload []byte) syscall.Errno
}

// textVerdict is the verdict on a text.
func textVerdict(payload []byte) syscall.Errno {
	text := strings.TrimRight(string(payload), "\x00")
	switch {
	case text == "":
		return unix.EINVAL
	case len(text) > uapi.NL_HELLO_TEXT_MAX:
		return unix.EMSGSIZE
	}
	return 0
}

func TestHelloSurvivesMalformed(t *testing.T) {
	load(t, "nl_hello", "count=1", "period_ms=0")
	survives(t, target{helloProtocol, []uint16{uapi.NL_HELLO_MSG}, nil, func(typ uint16, payload []byte) syscall.Errno {
		if typ != uapi.NL_HELLO_MSG {
			return unix.EOPNOTSUPP
		}
		return textVerdict(payload)
	}})
}

func TestDummySurvivesMalformed(t *testing.T) {
	load(t, "dummy_netlink", "r_grps=255")
	types := []uint16{uapi.DUMMY_NETLINK_TEXT, uapi.DUMMY_NETLINK_SEND}
	survives(t, target{dummyProtocol, types, nil, func(typ uint16, payload []byte) syscall.Errno {
		switch typ {
		case uapi.DUMMY_NETLINK_TEXT:
			return textVerdict(payload)
		case uapi.DUMMY_NETLINK_SEND:
			if len(payload) < 4 || binary.NativeEndian.Uint32(payload) == 0 {
				return unix.EINVAL
			}
			if errno := textVerdict(payload[4:]); errno != 0 {
				return errno
			}
			return unix.ECONNREFUSED // no random number is a port that somebody has
		}
		return unix.EOPNOTSUPP
	}})
}

// The core of generic netlink judges by the policies: what it says to random attributes is not foretold here.
func TestGenlSurvivesMalformed(t *testing.T) {
	p, family := dialGenl(t)
	survives(t, target{libnl.NETLINK_GENERIC, []uint16{uint16(family)}, genlPayload, nil})
	p.request(family, uapi.NL_GENL_DEMO_CMD_GET, libnl.NLM_F_DUMP, nil)
	p.dumped(0, "")
	require.Len(t, p.msgs, uapi.NL_GENL_DEMO_COUNT)
}

// survives sends malformed messages, each of which has to bring the right answers, and compares what the kernel holds
// before with what it holds after.
func survives(t *testing.T, to target) {
	rnd := rand.New(rand.NewPCG(1, 2))
	p := dial(t, to.protocol)
	require.NoError(t, p.SetNonblocking())
	round := func(n int) {
		for i := range n {
			datagram := malform(rnd, to)
			if i%10 == 0 {
				// From a port that is dead when the answers come.
				sk, err := libnl.SocketAlloc()
				require.NoError(t, err)
				require.NoError(t, sk.Connect(to.protocol))
				_, err = sk.Sendto(datagram)
				require.NoError(t, err)
				require.NoError(t, sk.Free())
				continue
			}
			_, err := p.Sendto(datagram)
			require.NoError(t, err)
			want, got := verdicts(to, datagram), answers(t, p)
			// Too many senders at once is right, too, of a message that would bring an ACK or nothing.
			if to.verdict == nil || slices.Contains(got, unix.EBUSY) {
				continue
			}
			require.Equal(t, want, got, "% .200x", datagram)
		}
	}
	round(malformed / 10) // whatever grows once
	before := slabs(t)
	round(malformed)
	var grown map[string]int
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		grown = map[string]int{}
		for name, n := range slabs(t) {
			// One object for each message of even the rarest kind would be more.
			if more := n - before[name]; more > malformed/100 {
				grown[name] = more
			}
		}
		if len(grown) == 0 {
			return
		}
	}
	require.Empty(t, grown, "objects that are there after %d messages and were not before", malformed)
}

// malform makes a datagram of one or more messages, of which at least one is wrong: too short, too long, of a wrong type, or
// with a length that is a lie.
func malform(rnd *rand.Rand, to target) (datagram []byte) {
	if rnd.IntN(8) == 0 {
		return random(rnd, 1+rnd.IntN(libnl.NLMSG_HDRLEN)) // not even a header, or just one
	}
	for range 1 + rnd.IntN(3) {
		size := rnd.IntN(64)
		switch rnd.IntN(16) {
		case 0:
			size = 300 + rnd.IntN(15_000) // three of them fit into the send buffer that libnl asks for
		case 1:
			size = 0
		}
		payload := random(rnd, size)
		if to.payload != nil && rnd.IntN(4) != 0 {
			payload = to.payload(rnd)
		}
		typ := to.types[rnd.IntN(len(to.types))]
		h := header(uint32(libnl.NLMSG_HDRLEN+len(payload)), typ, libnl.NLM_F_REQUEST|libnl.NLM_F_ACK)
		copy(h[libnl.NLMSG_HDRLEN:], payload)
		if rnd.IntN(3) == 0 {
			binary.NativeEndian.PutUint16(h[4:], uint16(rnd.Uint32())) // the type
		}
		if rnd.IntN(6) == 0 {
			binary.NativeEndian.PutUint16(h[6:], uint16(rnd.Uint32())) // the flags
		}
		switch rnd.IntN(3) {
		case 0:
			binary.NativeEndian.PutUint32(h, rnd.Uint32N(uint32(len(h))+40))
		case 1:
			binary.NativeEndian.PutUint32(h, rnd.Uint32())
		}
		datagram = append(datagram, h...)
		for len(datagram)%libnl.NLMSG_ALIGNTO != 0 {
			datagram = append(datagram, 0)
		}
	}
	return datagram
}

// genlPayload is a command with attributes that often get past the core of generic netlink, to the module.
func genlPayload(rnd *rand.Rand) []byte {
	b := []byte{byte(1 + rnd.IntN(uapi.NL_GENL_DEMO_CMD_FAIL)), uapi.NL_GENL_DEMO_VERSION, 0, 0}
	for range rnd.IntN(3) {
		typ, attr := uapi.NL_GENL_DEMO_A_TEXT, []byte("seventh\x00")
		if rnd.IntN(4) == 0 {
			typ, attr = rnd.IntN(uapi.NL_GENL_DEMO_A_MAX+2), random(rnd, rnd.IntN(3)*4)
		}
		b = binary.NativeEndian.AppendUint16(b, uint16(libnl.NLA_HDRLEN+len(attr)))
		b = binary.NativeEndian.AppendUint16(b, uint16(typ))
		b = append(b, attr...)
	}
	return b
}

func random(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	// Zeros are what many mistakes are made of.
	if rnd.IntN(4) == 0 {
		clear(b[rnd.IntN(n+1):])
	}
	return b
}

// verdicts walks a datagram as the kernel does, and says what it answers.
func verdicts(to target, b []byte) (all []syscall.Errno) {
	for len(b) >= libnl.NLMSG_HDRLEN {
		n := binary.NativeEndian.Uint32(b)
		typ, flags := binary.NativeEndian.Uint16(b[4:]), binary.NativeEndian.Uint16(b[6:])
		if n < libnl.NLMSG_HDRLEN || uint64(n) > uint64(len(b)) {
			return all // the length is a lie: this one and the rest are dropped
		}
		errno := syscall.Errno(0)
		if flags&libnl.NLM_F_REQUEST != 0 && typ >= libnl.NLMSG_MIN_TYPE && to.verdict != nil {
			errno = to.verdict(typ, b[libnl.NLMSG_HDRLEN:n])
		}
		if errno != 0 || flags&libnl.NLM_F_ACK != 0 {
			all = append(all, errno)
		}
		b = b[min(int(n+libnl.NLMSG_ALIGNTO-1)&^(libnl.NLMSG_ALIGNTO-1), len(b)):]
	}
	return all
}

// answers reads the ACKs and errors that are there.
func answers(t *testing.T, p *peer) (all []syscall.Errno) {
	t.Helper()
	for {
		buf, _, _, err := p.Recv()
		if errors.Is(err, libnl.NLE_AGAIN) {
			return all
		}
		require.NoError(t, err)
		for h := range libnl.NlmsgForEach(buf) {
			if h.NlmsgType == libnl.NLMSG_ERROR {
				all = append(all, syscall.Errno(-int32(binary.NativeEndian.Uint32(h.Data()))))
			}
		}
	}
}

// slabs counts the objects of each slab cache that messages and jobs are made of.
func slabs(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile("/proc/slabinfo")
	require.NoError(t, err)
	counts := map[string]int{}
	for line := range strings.Lines(string(text)) {
		var name string
		var active int
		if _, err := fmt.Sscanf(line, "%s %d", &name, &active); err == nil &&
			(strings.HasPrefix(name, "kmalloc-") || strings.HasPrefix(name, "skbuff_")) {
			counts[name] = active
		}
	}
	require.NotEmpty(t, counts)
	return counts
}

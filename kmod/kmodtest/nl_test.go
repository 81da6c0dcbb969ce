//go:build vm

package kmodtest_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"iter"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/nl"
)

// The modules, spoken to by package nl.

func dialNl(t *testing.T, protocol int, options ...nl.Option) *nl.Conn {
	t.Helper()
	c, err := nl.Dial(protocol, options...)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// inTime is a context that ends when the test does, or hangs.
func inTime(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// first returns the first n messages of a loop, which are to be from the kernel.
func first(t *testing.T, n int, loop iter.Seq2[nl.Message, error]) (all []nl.Message) {
	t.Helper()
	for m, err := range loop {
		require.NoError(t, err)
		require.Zero(t, m.Sender(), "who sent it is the kernel")
		all = append(all, m.Clone())
		if len(all) == n {
			break
		}
	}
	require.Len(t, all, n)
	return all
}

// textIn is the text of a message, which is a string with a NUL, and perhaps more of them behind.
func textIn(t *testing.T, m nl.Message) string {
	t.Helper()
	text, _, ok := strings.Cut(string(m.Payload), "\x00")
	require.True(t, ok, "%q", m.Payload)
	return text
}

// refusal checks what an error says of the kernel's answer, and returns it.
func refusal(t *testing.T, err error, errno syscall.Errno, text string) nl.Error {
	t.Helper()
	var e *nl.Error
	require.ErrorAs(t, err, &e)
	require.ErrorIs(t, err, errno)
	require.Equal(t, errno, e.Errno)
	require.Equal(t, text, e.Message)
	return *e
}

func TestNlGreeting(t *testing.T) {
	load(t, "nl_greeting", "period_ms=20")
	conns := []*nl.Conn{dialNl(t, greetingProtocol), dialNl(t, greetingProtocol, nl.WithPort(4242))}
	for _, c := range conns {
		require.ErrorIs(t, c.Join(1000), unix.EINVAL)
		require.NoError(t, c.Join(greetingGroup))
	}
	for range 2 {
		for _, c := range conns {
			for _, m := range first(t, 3, c.Events(inTime(t))) {
				require.Equal(t, nl.Header{Len: m.Header.Len, Type: uapi.NL_GREETING_MSG}, m.Header)
				require.Equal(t, uapi.NL_GREETING_TEXT, textIn(t, m))
				require.EqualValues(t, greetingGroup, m.Group())
			}
			// A request that nobody takes leaves the events alone.
			_, err := c.Execute(inTime(t), nl.Request{Type: uapi.NL_GREETING_MSG})
			require.ErrorIs(t, err, unix.ECONNREFUSED)
		}
	}
	require.NoError(t, conns[0].Leave(greetingGroup))
	groups, err := conns[0].Groups()
	require.NoError(t, err)
	require.Empty(t, groups)
	first(t, 3, conns[1].Events(inTime(t)))
}

// What is sent as a message is answered by messages: those of the module, the acknowledgement, and the error.
func TestNlHelloMessages(t *testing.T) {
	for _, sync := range []string{"sync=0", "sync=1"} {
		t.Run(sync, func(t *testing.T) {
			load(t, "nl_hello", "count=3", "period_ms=20", sync)
			c, other := dialNl(t, helloProtocol, nl.WithPort(100)), dialNl(t, helloProtocol)
			say := func(c *nl.Conn, seq uint32, text string) {
				h := nl.Header{Type: uapi.NL_HELLO_MSG, Flags: unix.NLM_F_REQUEST | unix.NLM_F_ACK, Seq: seq}
				require.NoError(t, c.Send(inTime(t), nl.Message{Header: h, Payload: []byte(text)}, nl.To(0, 0)))
			}
			say(c, 7, "Hello you!\x00")
			say(other, 8, "And me?\x00")
			for seq, c := range map[uint32]*nl.Conn{7: c, 8: other} {
				acks := 0
				for _, m := range first(t, 4, c.Messages(inTime(t))) {
					require.Equal(t, seq, m.Header.Seq)
					require.Equal(t, c.Port(), m.Header.Port)
					require.NoError(t, m.Err())
					if m.Header.Type == unix.NLMSG_ERROR {
						acks++
						continue
					}
					require.EqualValues(t, uapi.NL_HELLO_MSG, m.Header.Type)
					require.Equal(t, uapi.NL_HELLO_TEXT, textIn(t, m))
				}
				require.Equal(t, 1, acks)
			}
			say(c, 9, "")
			m := first(t, 1, c.Messages(inTime(t)))[0]
			require.EqualValues(t, 9, m.Header.Seq)
			refusal(t, m.Err(), unix.EINVAL, "nl_hello: the message has no text")
		})
	}
}

func TestNlHelloRefuses(t *testing.T) {
	load(t, "nl_hello", "count=1", "period_ms=0", "sync=1")
	c := dialNl(t, helloProtocol)
	good := nl.Request{Type: uapi.NL_HELLO_MSG, Payload: []byte("Hello you!\x00")}
	for name, bad := range map[string]struct {
		req   nl.Request
		errno syscall.Errno
		text  string
	}{
		"type": {nl.Request{Type: 0x11, Payload: good.Payload}, unix.EOPNOTSUPP, "the message type is not NL_HELLO_MSG"},
		"none": {nl.Request{Type: uapi.NL_HELLO_MSG}, unix.EINVAL, "the message has no text"},
		"long": {nl.Request{Type: uapi.NL_HELLO_MSG, Payload: []byte(strings.Repeat("x", uapi.NL_HELLO_TEXT_MAX+1))},
			unix.EMSGSIZE, "the text is too long"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.Execute(inTime(t), bad.req)
			e := refusal(t, err, bad.errno, "nl_hello: "+bad.text)
			require.Equal(t, bad.req.Type, e.Type)

			reply, err := c.Execute(inTime(t), good)
			require.NoError(t, err)
			require.Len(t, reply.Messages, 1, "the answer came inside sendmsg, so it is the request's")
			require.Equal(t, uapi.NL_HELLO_TEXT, textIn(t, reply.Messages[0]))

			results, err := c.Batch(inTime(t), []nl.Request{good, bad.req, good})
			var be *nl.BatchError
			require.ErrorAs(t, err, &be)
			require.Equal(t, 1, be.Failed)
			require.Equal(t, 1, be.First)
			require.NoError(t, results[0])
			refusal(t, results[1], bad.errno, "nl_hello: "+bad.text)
			require.NoError(t, results[2])
		})
	}
	require.Zero(t, c.Stats().InFlight)
}

func TestNlDummyEvents(t *testing.T) {
	load(t, "dummy_netlink", "b_grp=2147483658", "period_ms=20") // groups 2, 4 and 32
	c := dialNl(t, dummyProtocol)
	require.NoError(t, c.Join(2, 4, 32))
	last := [2]uint32{0, 32} // of a tick the message to group 32 is the last
	for i, m := range first(t, 10, c.Events(inTime(t))) {
		var n [2]uint32
		_, err := fmt.Sscanf(textIn(t, m), "message %d from kernel to group %d", &n[0], &n[1])
		require.NoError(t, err, textIn(t, m))
		require.Equal(t, n[1], m.Group())
		if i > 0 {
			want := map[uint32][2]uint32{2: {last[0], 4}, 4: {last[0], 32}, 32: {last[0] + 1, 2}}[last[1]]
			require.Equal(t, want, n)
		}
		last = n
	}
	require.NoError(t, c.Leave(2, 32))
	alone := 0
	for m, err := range c.Events(inTime(t)) {
		require.NoError(t, err)
		if alone++; m.Group() != 4 {
			alone = 0 // it was on its way
		}
		if alone == 4 {
			break
		}
	}
	require.Equal(t, 4, alone)
}

func TestNlDummySend(t *testing.T) {
	load(t, "dummy_netlink", "r_grps=3")
	log := kernelLog(t, "dummy_netlink")
	writer, reader := dialNl(t, dummyProtocol), dialNl(t, dummyProtocol, nl.WithPort(4711), nl.WithSenders(0))
	listener := dialNl(t, dummyProtocol, nl.WithAnySender())
	require.NoError(t, listener.Join(2, 4))
	for group, text := range map[uint32]string{0: "none", 1: "one", 2: "two", 4: "four"} {
		h := nl.Header{Type: uapi.DUMMY_NETLINK_TEXT, Flags: unix.NLM_F_REQUEST | unix.NLM_F_ACK}
		require.NoError(t, writer.Send(inTime(t), nl.Message{Header: h, Payload: []byte(text)}, nl.To(0, group)))
		lines := []string{}
		if group != 4 { // is in r_grps, so the module says so, and acknowledges
			require.NoError(t, first(t, 1, writer.Messages(inTime(t)))[0].Err())
			lines = []string{fmt.Sprintf("port %d to group %d: %s", writer.Port(), group, text)}
		}
		require.Equal(t, lines, log())
		if group < 2 {
			continue
		}
		for m, err := range listener.Events(inTime(t)) {
			require.NoError(t, err)
			require.Equal(t, text, string(m.Payload))
			require.Equal(t, group, m.Group())
			require.Equal(t, writer.Port(), m.Sender())
			break
		}
	}

	sendOn := func(port uint32, text string) error {
		_, err := writer.Execute(inTime(t), nl.Request{Type: uapi.DUMMY_NETLINK_SEND, Payload: sendOn(port, text)})
		return err
	}
	require.NoError(t, sendOn(4711, "hello"))
	require.Equal(t, "hello", textIn(t, first(t, 1, reader.Messages(inTime(t)))[0]))
	refusal(t, sendOn(4712, "hello"), unix.ECONNREFUSED, "dummy_netlink: that port does not take the message")
	refusal(t, sendOn(0, "hello"), unix.EINVAL, "dummy_netlink: port 0 is the kernel's own")
}

// demo is the generic netlink family nl_genl_demo, and a connection to ask it by.
type demo struct {
	*nl.Conn
	family uint16
	group  uint32
}

// dialDemo loads the module, connects, and looks the family up.
func dialDemo(t *testing.T, options ...nl.Option) demo {
	t.Helper()
	load(t, "nl_genl_demo")
	d := demo{Conn: dialNl(t, unix.NETLINK_GENERIC, options...)}
	e := nl.NewEncoder([]byte{unix.CTRL_CMD_GETFAMILY, 1, 0, 0})
	e.String(unix.CTRL_ATTR_FAMILY_NAME, uapi.NL_GENL_DEMO_NAME)
	payload, err := e.Result()
	require.NoError(t, err)
	reply, err := d.Execute(inTime(t), nl.Request{Type: unix.GENL_ID_CTRL, Payload: payload})
	require.NoError(t, err)
	require.Len(t, reply.Messages, 1)
	for a, err := range reply.Messages[0].Attributes(unix.GENL_HDRLEN) {
		require.NoError(t, err)
		switch a.Type {
		case unix.CTRL_ATTR_FAMILY_ID:
			d.family, err = a.Uint16()
			require.NoError(t, err)
		case unix.CTRL_ATTR_MCAST_GROUPS:
			for group, err := range a.Attributes() { // there is one
				require.NoError(t, err)
				for a, err := range group.Attributes() {
					require.NoError(t, err)
					if a.Type == unix.CTRL_ATTR_MCAST_GRP_ID {
						d.group, err = a.Uint32()
						require.NoError(t, err)
					}
				}
			}
		}
	}
	require.NotZero(t, d.family)
	require.NotZero(t, d.group)
	return d
}

// request is a request to the family, with the attributes that put puts.
func (d demo) request(t *testing.T, cmd uint8, put func(e *nl.Encoder)) nl.Request {
	t.Helper()
	e := nl.NewEncoder([]byte{cmd, uapi.NL_GENL_DEMO_VERSION, 0, 0})
	if put != nil {
		put(e)
	}
	payload, err := e.Result()
	require.NoError(t, err)
	return nl.Request{Type: d.family, Payload: payload}
}

func (d demo) execute(t *testing.T, cmd uint8, put func(e *nl.Encoder)) (nl.Reply, error) {
	t.Helper()
	return d.Execute(inTime(t), d.request(t, cmd, put))
}

// isEntry checks that a message is the entry with this ID.
func isEntry(t *testing.T, m nl.Message, id uint32) {
	t.Helper()
	var name string
	var got uint32
	for a, err := range m.Attributes(unix.GENL_HDRLEN) {
		require.NoError(t, err)
		switch a.Type {
		case uapi.NL_GENL_DEMO_A_ID:
			got, err = a.Uint32()
		case uapi.NL_GENL_DEMO_A_NAME:
			name, err = a.String()
		}
		require.NoError(t, err)
	}
	require.Equal(t, id, got)
	require.Equal(t, fmt.Sprintf(strings.ReplaceAll(uapi.NL_GENL_DEMO_NAME_FORMAT, "%u", "%d"), id), name)
}

func TestNlGenlDump(t *testing.T) {
	d := dialDemo(t)
	get := func(id uint32) (nl.Reply, error) {
		return d.execute(t, uapi.NL_GENL_DEMO_CMD_GET, func(e *nl.Encoder) { e.Uint32(uapi.NL_GENL_DEMO_A_ID, id) })
	}
	// dump checks the entries that come, and returns how many they are, and what the dump ends with.
	dump := func(put func(e *nl.Encoder), options ...nl.DumpOption) (n uint32, last error) {
		for m, err := range d.Dump(inTime(t), d.request(t, uapi.NL_GENL_DEMO_CMD_GET, put), options...) {
			if err != nil {
				return n, err
			}
			isEntry(t, m, n%uapi.NL_GENL_DEMO_COUNT_MAX)
			if n++; n%1000 == 0 {
				reply, err := get(n % uapi.NL_GENL_DEMO_COUNT)
				require.NoError(t, err)
				require.Len(t, reply.Messages, 1, "requests go on meanwhile")
				isEntry(t, reply.Messages[0], n%uapi.NL_GENL_DEMO_COUNT)
			}
		}
		return n, nil
	}
	n, err := dump(nil)
	require.NoError(t, err)
	require.EqualValues(t, uapi.NL_GENL_DEMO_COUNT, n)
	for _, want := range []uint32{0, 1, 10_000} {
		n, err := dump(func(e *nl.Encoder) { e.Uint32(uapi.NL_GENL_DEMO_A_COUNT, want) })
		require.NoError(t, err)
		require.Equal(t, want, n)
	}

	n, err = dump(func(e *nl.Encoder) { e.Uint32(uapi.NL_GENL_DEMO_A_COUNT, uapi.NL_GENL_DEMO_COUNT_MAX+1) })
	refusal(t, err, unix.ERANGE, "there are not so many entries")
	require.Zero(t, n)
	n, err = dump(func(e *nl.Encoder) { e.Uint32(uapi.NL_GENL_DEMO_A_ERRNO, uint32(unix.EXDEV)) })
	refusal(t, err, unix.EXDEV, "the dump fails half way, as it was asked to")
	require.EqualValues(t, uapi.NL_GENL_DEMO_COUNT/2, n)

	interrupt := func(e *nl.Encoder) { e.Flag(uapi.NL_GENL_DEMO_A_INTERRUPT) }
	n, err = dump(interrupt)
	require.ErrorIs(t, err, nl.ErrDumpInterrupted)
	require.EqualValues(t, uapi.NL_GENL_DEMO_COUNT, n)
	n, err = dump(interrupt, nl.IgnoreInterrupted())
	require.NoError(t, err)
	require.EqualValues(t, uapi.NL_GENL_DEMO_COUNT, n)

	_, err = get(uapi.NL_GENL_DEMO_COUNT)
	e := refusal(t, err, unix.ENOENT, "there is no entry with that ID")
	require.Equal(t, unix.NLMSG_HDRLEN+unix.GENL_HDRLEN, e.Offset)
}

func TestNlGenlExecute(t *testing.T) {
	for name, options := range map[string][]nl.Option{"sockets": nil, "one socket": {nl.WithPort(4242)}} {
		t.Run(name, func(t *testing.T) {
			d := dialDemo(t, options...)
			req := d.request(t, uapi.NL_GENL_DEMO_CMD_ECHO, func(e *nl.Encoder) {
				e.String(uapi.NL_GENL_DEMO_A_TEXT, "hello")
				e.Uint32(uapi.NL_GENL_DEMO_A_NUMBER, 7)
				e.Nest(uapi.NL_GENL_DEMO_A_NEST, func() { e.Uint32(uapi.NL_GENL_DEMO_A_NUMBER, 8) })
			})
			reply, err := d.Execute(inTime(t), req)
			require.NoError(t, err)
			require.Len(t, reply.Messages, 1)
			require.Equal(t, req.Payload, reply.Messages[0].Payload)

			_, err = d.execute(t, uapi.NL_GENL_DEMO_CMD_ECHO, nil)
			e := refusal(t, err, unix.EINVAL, "an attribute is missing")
			if kernelIsAtLeast(t, 6, 1) {
				require.EqualValues(t, uapi.NL_GENL_DEMO_A_TEXT, e.MissingType)
			}

			const first = unix.NLMSG_HDRLEN + unix.GENL_HDRLEN
			_, err = d.execute(t, uapi.NL_GENL_DEMO_CMD_ECHO, func(e *nl.Encoder) {
				e.String(uapi.NL_GENL_DEMO_A_TEXT, "x") // takes 8 bytes
				e.Nest(uapi.NL_GENL_DEMO_A_NEST, func() { e.Uint32(uapi.NL_GENL_DEMO_A_NUMBER, 1001) })
			})
			e = refusal(t, err, unix.ERANGE, "integer out of range")
			require.Equal(t, first+12, e.Offset)
			require.NotNil(t, e.Policy)

			_, err = d.execute(t, uapi.NL_GENL_DEMO_CMD_FAIL, func(e *nl.Encoder) {
				e.Uint32(uapi.NL_GENL_DEMO_A_ERRNO, uint32(unix.EXDEV))
			})
			e = refusal(t, err, unix.EXDEV, "this fails, as it was asked to")
			require.Equal(t, first, e.Offset)
			require.Equal(t, binary.NativeEndian.AppendUint64(nil, uapi.NL_GENL_DEMO_COOKIE), e.Cookie)
		})
	}
}

func TestNlGenlNotify(t *testing.T) {
	for name, options := range map[string][]nl.Option{"sockets": nil, "one socket": {nl.WithPort(4242)}} {
		t.Run(name, func(t *testing.T) {
			d := dialDemo(t, options...)
			require.NoError(t, d.Join(d.group))
			for _, text := range []string{"one", "two"} {
				_, err := d.execute(t, uapi.NL_GENL_DEMO_CMD_NOTIFY, func(e *nl.Encoder) { e.String(uapi.NL_GENL_DEMO_A_TEXT, text) })
				require.NoError(t, err)
				m := first(t, 1, d.Events(inTime(t)))[0]
				require.Equal(t, d.group, m.Group())
				require.Equal(t, d.family, m.Header.Type)
				for a, err := range m.Attributes(unix.GENL_HDRLEN) {
					require.NoError(t, err)
					got, err := a.String()
					require.NoError(t, err)
					require.Equal(t, text, got)
				}
			}
			ctx, cancel := context.WithTimeout(inTime(t), 100*time.Millisecond)
			defer cancel()
			for _, err := range d.Events(ctx) {
				require.ErrorIs(t, err, context.DeadlineExceeded, "each is told once")
			}
		})
	}
}

//go:build linux

// Package rtlink asks about network devices, and reads what the kernel says of them, for examples of package nl.
package rtlink

import (
	"context"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/nl"
)

// Link is a network device, or one that is gone.
type Link struct {
	Index int
	Name  string
	MTU   uint32
	Up    bool
	Port  bool // the message is about it as the port of a bridge
	Gone  bool
}

// String tells of the link in a few words.
func (l Link) String() string {
	s := fmt.Sprintf("link %d %s", l.Index, l.Name)
	if l.Port {
		s += " as a port"
	}
	if l.Gone {
		return s + " is gone"
	}
	state := "down"
	if l.Up {
		state = "up"
	}
	return fmt.Sprintf("%s: %s, mtu %d", s, state, l.MTU)
}

// Parse reads an RTM_NEWLINK or RTM_DELLINK.
func Parse(m nl.Message) (Link, error) {
	var info unix.IfInfomsg
	if _, err := binary.Decode(m.Payload, binary.NativeEndian, &info); err != nil {
		return Link{}, fmt.Errorf("a message about a link is too short: %w", err)
	}
	l := Link{
		Index: int(info.Index), Up: info.Flags&unix.IFF_UP != 0,
		Port: info.Family == unix.AF_BRIDGE, Gone: m.Header.Type == unix.RTM_DELLINK,
	}
	for a, err := range m.Attributes(unix.SizeofIfInfomsg) {
		switch {
		case err != nil:
		case a.Type == unix.IFLA_IFNAME:
			l.Name, err = a.String()
		case a.Type == unix.IFLA_MTU:
			l.MTU, err = a.Uint32()
		}
		if err != nil {
			return l, err
		}
	}
	return l, nil
}

// All is the request whose dump has all links.
func All() nl.Request {
	return nl.Request{Type: unix.RTM_GETLINK, Payload: make([]byte, unix.SizeofIfInfomsg)}
}

// ByName asks for the link with a name.
func ByName(ctx context.Context, c *nl.Conn, name string) (Link, error) {
	e := nl.NewEncoder(make([]byte, unix.SizeofIfInfomsg))
	e.String(unix.IFLA_IFNAME, name)
	payload, err := e.Result()
	if err != nil {
		return Link{}, err
	}
	return one(ctx, c, payload)
}

// ByIndex asks for the link with a number.
func ByIndex(ctx context.Context, c *nl.Conn, index int) (Link, error) {
	payload, err := binary.Append(nil, binary.NativeEndian, unix.IfInfomsg{Index: int32(index)})
	if err != nil {
		return Link{}, err
	}
	return one(ctx, c, payload)
}

func one(ctx context.Context, c *nl.Conn, payload []byte) (Link, error) {
	reply, err := c.Execute(ctx, nl.Request{Type: unix.RTM_GETLINK, Payload: payload})
	if err != nil {
		return Link{}, err
	}
	if len(reply.Messages) != 1 {
		return Link{}, fmt.Errorf("asked for one link, the kernel answered with %d messages", len(reply.Messages))
	}
	return Parse(reply.Messages[0])
}

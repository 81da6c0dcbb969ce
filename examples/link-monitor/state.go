//go:build linux

package main

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/examples/internal/rtlink"
	"github.com/golibnl/golibnl/nl"
)

// address is an IPv4 address on a device.
type address struct {
	link   int
	prefix netip.Prefix
}

// state is the links and addresses that there are.
type state struct {
	links map[int]rtlink.Link
	addrs map[address]bool
}

// read asks for all.
func read(ctx context.Context, c *nl.Conn) (*state, error) {
	s := &state{links: map[int]rtlink.Link{}, addrs: map[address]bool{}}
	header, err := binary.Append(nil, binary.NativeEndian, unix.IfAddrmsg{Family: unix.AF_INET})
	if err != nil {
		return nil, err
	}
	for _, request := range []nl.Request{rtlink.All(), {Type: unix.RTM_GETADDR, Payload: header}} {
		messages, err := c.DumpAll(ctx, request, nl.RetryInterrupted(10, nil))
		if err != nil {
			return nil, err
		}
		for _, m := range messages {
			if _, err := s.apply(m); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// apply makes the change that a message tells, and says it in a line.
func (s *state) apply(m nl.Message) (string, error) {
	switch m.Header.Type {
	case unix.RTM_NEWLINK, unix.RTM_DELLINK:
		link, err := rtlink.Parse(m)
		switch {
		case err != nil || link.Port: // a port that is gone may be a device that stays
		case link.Gone:
			delete(s.links, link.Index)
		default:
			s.links[link.Index] = link
		}
		return link.String(), err
	case unix.RTM_NEWADDR, unix.RTM_DELADDR:
		a, err := parseAddress(m)
		if m.Header.Type == unix.RTM_DELADDR {
			delete(s.addrs, a)
			return s.words(a) + " is gone", err
		}
		s.addrs[a] = true
		return s.words(a), err
	}
	return "", fmt.Errorf("a message of type %d, about neither links nor addresses", m.Header.Type)
}

func (s *state) words(a address) string {
	return fmt.Sprintf("address %v on %d %s", a.prefix, a.link, s.links[a.link].Name)
}

// parseAddress reads an RTM_NEWADDR or RTM_DELADDR.
func parseAddress(m nl.Message) (address, error) {
	var info unix.IfAddrmsg
	if _, err := binary.Decode(m.Payload, binary.NativeEndian, &info); err != nil {
		return address{}, fmt.Errorf("a message about an address is too short: %w", err)
	}
	for a, err := range m.Attributes(unix.SizeofIfAddrmsg) {
		if err == nil && a.Type == unix.IFA_LOCAL {
			var local netip.Addr
			local, err = a.Addr()
			if err == nil {
				return address{int(info.Index), netip.PrefixFrom(local, int(info.Prefixlen))}, nil
			}
		}
		if err != nil {
			return address{}, err
		}
	}
	return address{}, fmt.Errorf("a message of type %d has no address", m.Header.Type)
}

// changes tells what is different now, in an order of its own: nobody knows in which it came about.
func (s *state) changes(now *state) {
	for _, a := range sorted(s.addrs, compare) {
		if !now.addrs[a] {
			fmt.Println(s.words(a), "is gone")
		}
	}
	for _, i := range sorted(s.links, cmp.Compare[int]) {
		if _, there := now.links[i]; !there {
			gone := s.links[i]
			gone.Gone = true
			fmt.Println(gone)
		}
	}
	for _, i := range sorted(now.links, cmp.Compare[int]) {
		if s.links[i] != now.links[i] {
			fmt.Println(now.links[i])
		}
	}
	for _, a := range sorted(now.addrs, compare) {
		if !s.addrs[a] {
			fmt.Println(now.words(a))
		}
	}
}

func compare(a, b address) int {
	return cmp.Or(cmp.Compare(a.link, b.link), a.prefix.Addr().Compare(b.prefix.Addr()), cmp.Compare(a.prefix.Bits(), b.prefix.Bits()))
}

func sorted[K comparable, V any](m map[K]V, compare func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(m), compare)
}

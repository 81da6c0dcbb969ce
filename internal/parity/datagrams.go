//go:build linux && cgo

package parity

import (
	"fmt"
	"strings"
)

// A Datagram is what one receive of a scenario brings.
type Datagram struct {
	Bytes []byte
	Group uint32 // the mask of groups that it is sent to, 0 for unicast
	Flood int    // how many of it are sent, 0 for one
}

// Datagrams returns the datagrams of the scenario, for a socket with the port ID self and a peer with another, base being
// the sequence number that is written +0; and the groups that the socket joins. Messages that calls send count, so that
// payloads are those of the scenario.
func (sc *Scenario) Datagrams(self, peer, base uint32) (all []Datagram, groups []int, err error) {
	t := &twin{self: self, peer: peer, base: base}
	defer func() {
		switch p := recover().(type) {
		case nil:
		case failed:
			err = fmt.Errorf("%s: %w", sc, p.error)
		default:
			panic(p)
		}
	}()
	for _, s := range sc.Steps {
		args := s.Words[1:]
		switch s.Words[0] {
		case "datagram":
			d := Datagram{}
			for _, w := range args {
				name, value, _ := strings.Cut(w, "=")
				switch name {
				case "group":
					d.Group = uint32(number(value))
				case "from", "creds": // what a real socket says, nobody can make up
				default:
					d.Bytes = append(d.Bytes, t.make(w).flatten(t)...)
				}
			}
			all = append(all, d)
		case "flood":
			all = append(all, Datagram{Bytes: t.flooding().flatten(t), Group: 1, Flood: number(args[0])})
		case "set":
			if value, ok := strings.CutPrefix(args[0], "group="); ok {
				groups = append(groups, number(value))
			}
		}
	}
	return all, groups, nil
}

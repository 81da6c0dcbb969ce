//go:build linux

package main

import (
	"github.com/golibnl/golibnl/examples/internal/kernelside"
	"github.com/golibnl/golibnl/libnl"
)

// receiveRaw does by nl_recv what receive does by nl_recvmsgs: it tells the messages of a datagram apart by itself.
func receiveRaw(sk *libnl.Socket) error {
	for seen := 0; *n == 0 || seen < *n; {
		datagram, from, _, err := sk.Recv() // nl_recv
		if err != nil {
			return err
		}
		for h := range libnl.NlmsgForEach(datagram) { // nlmsg_for_each
			switch h.NlmsgType {
			case libnl.NLMSG_ERROR:
				if err := kernelside.Refusal(h); err != nil { // nil: it is an ACK
					return err
				}
			case libnl.NLMSG_NOOP:
			default:
				show(from, h)
				seen++
			}
		}
	}
	return nil
}

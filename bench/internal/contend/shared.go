package contend

import (
	"context"
	"sync"

	vnl "github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// shared: as many goroutines as the size says, each with its share of acknowledged requests. They have one connection, or
// each its own.
var shared = Group{
	"bare-own": func(n int) (Run, error) { return many(n, n, func() (Run, error) { return ack["bare"](1) }) },
	"nl-one": func(n int) (Run, error) {
		return many(n, 1, func() (Run, error) { return nlAck(context.Background()) })
	},
	"nl-own": func(n int) (Run, error) {
		return many(n, n, func() (Run, error) { return nlAck(context.Background()) })
	},
	"libnl-own": func(n int) (Run, error) {
		return many(n, n, func() (Run, error) { return ack["libnl"](1) })
	},
	"mdlayher-one": func(n int) (Run, error) {
		return many(n, 1, func() (Run, error) { return mdlayherAck(nil) })
	},
	"mdlayher-own": func(n int) (Run, error) {
		return many(n, n, func() (Run, error) { return mdlayherAck(nil) })
	},
	// Its sockets may be shared: each request takes the socket for itself.
	"vishvananda-one": func(n int) (Run, error) {
		sockets, err := vishvanandaSocket(unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		return many(n, 1, func() (Run, error) {
			return did(func() error {
				req := vnl.NewNetlinkRequest(unix.NLMSG_NOOP, unix.NLM_F_ACK)
				req.Sockets = sockets
				_, err := req.Execute(unix.NETLINK_ROUTE, 0)
				return err
			}), nil
		})
	},
	"vishvananda-own": func(n int) (Run, error) {
		return many(n, n, func() (Run, error) { return ack["vishvananda"](1) })
	},
}

// many spreads the ops over n goroutines, which use the connections in turn.
func many(n, connections int, open func() (Run, error)) (Run, error) {
	runs := make([]Run, connections)
	for i := range runs {
		var err error
		if runs[i], err = open(); err != nil {
			return nil, err
		}
	}
	return func(ops int) (sum uint64, err error) {
		var (
			wg sync.WaitGroup
			mu sync.Mutex
		)
		for i := range n {
			share := ops / n
			if i < ops%n {
				share++
			}
			wg.Go(func() {
				answer, e := runs[i%connections](share)
				mu.Lock()
				defer mu.Unlock()
				sum += answer
				if e != nil {
					err = e
				}
			})
		}
		wg.Wait()
		return sum, err
	}, nil
}

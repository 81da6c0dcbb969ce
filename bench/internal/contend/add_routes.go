package contend

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"

	mdlayher "github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/bench/internal/wire"
	"github.com/golibnl/golibnl/nl"
)

func benchLink() (int, error) {
	link, err := net.InterfaceByName(BenchLink)
	if err != nil {
		return 0, err
	}
	return link.Index, nil
}

// addRoutes: as many new routes as the size says; the answer is how many the kernel acknowledged.
var addRoutes = Group{
	"bare":         func(size int) (Run, error) { return pipe(size, true) },
	"bare-one-ack": func(size int) (Run, error) { return pipe(size, false) },
	"nl-batch": func(size int) (Run, error) {
		link, err := benchLink()
		if err != nil {
			return nil, err
		}
		c, err := nl.Dial(unix.NETLINK_ROUTE, nl.WithReadBuffer(8<<20))
		if err != nil {
			return nil, err
		}
		return each(func() (acked uint64, err error) {
			requests := make([]nl.Request, size)
			for n := range requests {
				requests[n] = nl.Request{Type: unix.RTM_NEWROUTE, Flags: wire.RouteFlags, Payload: wire.Route(nil, n+1, link)}
			}
			results, err := c.Batch(context.Background(), requests)
			for _, e := range results {
				if e == nil {
					acked++
				}
			}
			return acked, err
		}), nil
	},
	"nl-loop": loop(func() (func(payload []byte) error, error) {
		c, err := nl.Dial(unix.NETLINK_ROUTE)
		return func(payload []byte) error {
			_, err := c.Execute(context.Background(), nl.Request{Type: unix.RTM_NEWROUTE, Flags: wire.RouteFlags, Payload: payload})
			return err
		}, err
	}),
	"libnl-loop": loop(func() (func(payload []byte) error, error) {
		sk, err := connected(unix.NETLINK_ROUTE)
		return func(payload []byte) error {
			if _, err := sk.SendSimple(unix.RTM_NEWROUTE, wire.RouteFlags, payload); err != nil {
				return err
			}
			return sk.WaitForAck()
		}, err
	}),
	"mdlayher-loop": loop(func() (func(payload []byte) error, error) {
		c, err := mdlayher.Dial(unix.NETLINK_ROUTE, nil)
		return func(payload []byte) error {
			_, err := c.Execute(mdlayherRouteAdd(payload))
			return err
		}, err
	}),
	// Its sends are pipelined, a window at a time; the acknowledgements are read one by one.
	"mdlayher-batch": func(size int) (Run, error) {
		link, err := benchLink()
		if err != nil {
			return nil, err
		}
		c, err := mdlayher.Dial(unix.NETLINK_ROUTE, nil)
		if err != nil {
			return nil, err
		}
		if err := c.SetReadBuffer(8 << 20); err != nil {
			return nil, err
		}
		return each(func() (acked uint64, err error) {
			for from := 1; from <= size; from += 1000 {
				var window []mdlayher.Message
				for n := from; n < min(from+1000, size+1); n++ {
					window = append(window, mdlayherRouteAdd(wire.Route(nil, n, link)))
				}
				if _, err := c.SendMessages(window); err != nil {
					return acked, err
				}
				for range window {
					if _, err := c.Receive(); err != nil {
						return acked, err
					}
					acked++
				}
			}
			return acked, nil
		}), nil
	},
	"vishvananda-loop": func(size int) (Run, error) {
		link, err := benchLink()
		if err != nil {
			return nil, err
		}
		h, err := vishvananda.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		return each(func() (acked uint64, err error) {
			for n := 1; n <= size; n++ {
				dst := wire.Dst(n)
				err := h.RouteAdd(&vishvananda.Route{
					LinkIndex: link, Scope: unix.RT_SCOPE_LINK, Protocol: unix.RTPROT_STATIC,
					Dst: &net.IPNet{IP: dst[:], Mask: net.CIDRMask(32, 32)},
				})
				if err != nil {
					return acked, err
				}
				acked++
			}
			return acked, nil
		}), nil
	},
	"ip-batch": func(size int) (Run, error) {
		file, err := os.CreateTemp("", "golibnl-bench-*.batch")
		if err != nil {
			return nil, err
		}
		w := bufio.NewWriter(file)
		for n := 1; n <= size; n++ {
			d := wire.Dst(n)
			fmt.Fprintf(w, "route add %d.%d.%d.%d/32 dev %s scope link proto static\n", d[0], d[1], d[2], d[3], BenchLink)
		}
		if err := w.Flush(); err != nil {
			return nil, err
		}
		return each(func() (uint64, error) {
			return uint64(size), exec.Command("ip", "-batch", file.Name()).Run()
		}), file.Close()
	},
}

func pipe(size int, everyone bool) (Run, error) {
	link, err := benchLink()
	if err != nil {
		return nil, err
	}
	p, err := wire.NewPipe(link)
	if err != nil {
		return nil, err
	}
	return each(func() (uint64, error) {
		n, err := p.Do(unix.RTM_NEWROUTE, wire.RouteFlags, 1, size+1, everyone)
		return uint64(n), err
	}), nil
}

// loop is a contender that adds one after the other.
func loop(open func() (func(payload []byte) error, error)) Open {
	return func(size int) (Run, error) {
		link, err := benchLink()
		if err != nil {
			return nil, err
		}
		add, err := open()
		if err != nil {
			return nil, err
		}
		buf := make([]byte, 0, 64)
		return each(func() (acked uint64, err error) {
			for n := 1; n <= size; n++ {
				if err := add(wire.Route(buf[:0], n, link)); err != nil {
					return acked, err
				}
				acked++
			}
			return acked, nil
		}), nil
	}
}

func mdlayherRouteAdd(payload []byte) mdlayher.Message {
	return mdlayher.Message{
		Header: mdlayher.Header{Type: unix.RTM_NEWROUTE, Flags: wire.RouteFlags | mdlayher.Acknowledge},
		Data:   payload,
	}
}

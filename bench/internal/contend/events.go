package contend

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	mdlayher "github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/bench/internal/wire"
	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/nl"
)

// errOverrun ends a follower's loop: the socket has lost events.
var errOverrun = errors.New("events were lost")

// A follower calls each with the score of every event about IPv4 routes, until that returns false or events are lost,
// which is errOverrun.
type follower func(each func(score uint64) bool) error

// followers subscribe with a receive buffer of so many bytes.
var followers = map[string]func(buffer int) (follower, error){
	"bare": func(buffer int) (follower, error) {
		fd, err := wire.Open(unix.NETLINK_ROUTE, buffer)
		if err != nil {
			return nil, err
		}
		buf := make([]byte, 32<<10)
		return func(each func(uint64) bool) error {
			for on := true; on; {
				n, _, err := unix.Recvfrom(fd, buf, 0)
				if err != nil {
					return lost(err)
				}
				wire.Messages(buf[:n], func(_ uint16, payload []byte) bool {
					on = each(wire.ScoreRoute(payload))
					return on
				})
			}
			return nil
		}, unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_ADD_MEMBERSHIP, unix.RTNLGRP_IPV4_ROUTE)
	},
	"nl": func(buffer int) (follower, error) {
		c, err := nl.Dial(unix.NETLINK_ROUTE, nl.WithReadBuffer(buffer))
		if err != nil {
			return nil, err
		}
		return func(each func(uint64) bool) error {
			for m, err := range c.Events(context.Background()) {
				if errors.Is(err, nl.ErrOverrun) {
					return errOverrun
				} else if err != nil {
					return err
				}
				s := wire.Score()
				for a, err := range m.Attributes(unix.SizeofRtMsg) {
					if err != nil {
						return err
					}
					switch a.Type {
					case unix.RTA_DST, unix.RTA_OIF:
						v, err := a.Uint32()
						if err != nil {
							return err
						}
						s += uint64(v)
					}
				}
				if !each(s) {
					break
				}
			}
			return nil
		}, c.Join(unix.RTNLGRP_IPV4_ROUTE)
	},
	"libnl": func(buffer int) (follower, error) {
		sk, err := connected(unix.NETLINK_ROUTE)
		if err != nil {
			return nil, err
		}
		if err := unix.SetsockoptInt(sk.GetFd(), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer); err != nil {
			return nil, err
		}
		if err := sk.DisableSeqCheck(); err != nil {
			return nil, err
		}
		if err := sk.AddMembership(unix.RTNLGRP_IPV4_ROUTE); err != nil {
			return nil, err
		}
		var each func(uint64) bool
		on := true
		err = sk.ModifyCb(libnl.NL_CB_VALID, libnl.NL_CB_CUSTOM, func(msg *libnl.Msg) (libnl.CbAction, error) {
			s := wire.Score()
			for a := range msg.Hdr().ForEachAttr(unix.SizeofRtMsg) {
				switch a.Type() {
				case unix.RTA_DST, unix.RTA_OIF:
					s += uint64(a.GetU32())
				}
			}
			on = each(s)
			return libnl.NL_OK, nil
		})
		return func(f func(uint64) bool) error {
			each = f
			for on = true; on; {
				if err := sk.RecvmsgsDefault(); err != nil {
					return lost(err)
				}
			}
			return nil
		}, err
	},
	"mdlayher": func(buffer int) (follower, error) {
		c, err := mdlayher.Dial(unix.NETLINK_ROUTE, nil)
		if err != nil {
			return nil, err
		}
		if err := c.SetReadBuffer(buffer); err != nil {
			return nil, err
		}
		return func(each func(uint64) bool) error {
			for {
				all, err := c.Receive()
				if err != nil {
					return lost(err)
				}
				for _, m := range all {
					s, err := mdlayherRoute(m.Data)
					if err != nil {
						return err
					}
					if !each(s) {
						return nil
					}
				}
			}
		}, c.JoinGroup(unix.RTNLGRP_IPV4_ROUTE)
	},
	"vishvananda": func(buffer int) (follower, error) {
		ch := make(chan vishvananda.RouteUpdate, 64)
		var failed error // written before the channel is closed
		err := vishvananda.RouteSubscribeWithOptions(ch, nil, vishvananda.RouteSubscribeOptions{
			ReceiveBufferSize: buffer, ReceiveBufferForceSize: true, ErrorCallback: func(err error) { failed = err },
		})
		return func(each func(uint64) bool) error {
			for u := range ch {
				if u.Family != unix.AF_INET { // it has joined the group of IPv6 too
					continue
				}
				if !each(scoreIP(u.Dst.IP, u.LinkIndex)) {
					return nil
				}
			}
			return fmt.Errorf("%w: %w", errOverrun, failed)
		}, err
	},
}

func lost(err error) error {
	if errors.Is(err, unix.ENOBUFS) {
		return errOverrun
	}
	return err
}

// Sizes of receive buffers: one that holds all events of a run, and what a socket has if nobody asks for more.
const (
	largeBuffer = 128 << 20
	usualBuffer = 208 << 10
)

// events: as many events as the size says, which are in the receive buffer already.
var events = ofFollowers(func(open func(int) (follower, error), size int) (Run, error) {
	follow, err := open(largeBuffer)
	return each(func() (sum uint64, err error) {
		left := size
		err = follow(func(score uint64) bool {
			sum += score
			left--
			return left > 0
		})
		return sum, err
	}), err
})

// keepUp: as many events as there are ops, as they come. The answer is how many came before the first loss.
var keepUp = ofFollowers(func(open func(int) (follower, error), _ int) (Run, error) {
	follow, err := open(usualBuffer)
	return func(ops int) (n uint64, err error) {
		err = follow(func(uint64) bool {
			n++
			return n < uint64(ops)
		})
		if errors.Is(err, errOverrun) {
			err = nil
		}
		return n, err
	}, err
})

// recovery: events have been lost. Hear of it, and know all routes again.
var recovery = func() Group {
	g := Group{}
	for name, open := range followers {
		g[name] = func(size int) (Run, error) {
			follow, err := open(usualBuffer)
			if err != nil {
				return nil, err
			}
			dump, err := dumpRoutes[name](size)
			return each(func() (uint64, error) {
				err := follow(func(uint64) bool { return true })
				if !errors.Is(err, errOverrun) {
					return 0, fmt.Errorf("nothing was lost: %w", err)
				}
				if name == "vishvananda" { // its subscription is over
					if _, err := open(usualBuffer); err != nil {
						return 0, err
					}
				}
				return dump(1)
			}), err
		}
	}
	return g
}()

// idle: as many connections as the size says, with a goroutine for each, that wait for an event. The answer is how many
// were told of one.
var idle = ofFollowers(func(open func(int) (follower, error), size int) (Run, error) {
	all := make([]follower, size)
	for i := range all {
		var err error
		if all[i], err = open(usualBuffer); err != nil {
			return nil, err
		}
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	var told uint64
	var failed error
	for _, follow := range all {
		wg.Go(func() {
			err := follow(func(uint64) bool { return false })
			mu.Lock()
			defer mu.Unlock()
			told++
			failed = errors.Join(failed, err)
		})
	}
	time.Sleep(time.Duration(size/10+100) * time.Millisecond) // until all wait
	return func(int) (uint64, error) {
		wg.Wait()
		return told, failed
	}, nil
})

func ofFollowers(f func(open func(int) (follower, error), size int) (Run, error)) Group {
	g := Group{}
	for name, open := range followers {
		g[name] = func(size int) (Run, error) { return f(open, size) }
	}
	return g
}

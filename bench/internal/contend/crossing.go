package contend

import (
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/bench/internal/wire"
	"github.com/golibnl/golibnl/libnl"
)

// crossing: all IPv4 routes, counted and not looked at. What libnl takes more than C is the way from C to Go and back.
var crossing = Group{
	"bare": func(int) (Run, error) {
		fd, err := wire.Open(unix.NETLINK_ROUTE, 0)
		if err != nil {
			return nil, err
		}
		buf, request := make([]byte, 32<<10), wire.RouteDump(1)
		return func(ops int) (sum uint64, err error) {
			for range ops {
				if err := wire.Dump(fd, request, buf, func([]byte) { sum += wire.Score() }); err != nil {
					return 0, err
				}
			}
			return sum, nil
		}, nil
	},
	"libnl": func(int) (Run, error) {
		var sum uint64
		return libnlDump(&sum, unix.RTM_GETROUTE, rtmsg, func(*libnl.Msg) (libnl.CbAction, error) {
			sum += wire.Score()
			return libnl.NL_OK, nil
		})
	},
	"libnl-hdr": func(int) (Run, error) {
		var sum uint64
		return libnlDump(&sum, unix.RTM_GETROUTE, rtmsg, func(msg *libnl.Msg) (libnl.CbAction, error) {
			if msg.Hdr().NlmsgType == unix.RTM_NEWROUTE {
				sum += wire.Score()
			}
			return libnl.NL_OK, nil
		})
	},
}

//go:build linux

// Dump-routes prints the routes of this network namespace, as `ip -4 route show table all` and `ip -6 ...` know them:
// destination, gateway, device and table. It needs no privilege.
//
//	go run ./examples/dump-routes              -4 or -6 for one family
//	go run ./examples/dump-routes -table 254   one table; the kernel leaves the others out
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"text/tabwriter"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/examples/internal/rtlink"
	"github.com/golibnl/golibnl/nl"
)

var (
	only4 = flag.Bool("4", false, "IPv4 only")
	only6 = flag.Bool("6", false, "IPv6 only")
	table = flag.Uint("table", 0, "only the table of this number; 0: all")
)

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	// A strict kernel looks at what a dump asks for: the table here, and no cached routes.
	c, err := nl.Dial(unix.NETLINK_ROUTE, nl.WithStrictCheck())
	if err != nil {
		return err
	}
	defer c.Close()

	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "DESTINATION\tGATEWAY\tDEVICE\tTABLE")
	seen := 0
	var missing error // there is no table of that number
	for _, family := range []uint8{unix.AF_INET, unix.AF_INET6} {
		if *only4 && family != unix.AF_INET || *only6 && family != unix.AF_INET6 {
			continue
		}
		routes, err := dump(ctx, c, family)
		if errors.Is(err, fs.ErrNotExist) {
			missing = err
			continue
		}
		if err != nil {
			return err
		}
		seen += len(routes)
		for _, r := range routes {
			for _, h := range r.hops {
				fmt.Fprintf(out, "%s\t%s\t%s\t%s\n", r.destination(), h.gatewayText(), h.device, tableName(r.table))
			}
		}
	}
	if seen == 0 && missing != nil {
		return missing
	}
	return out.Flush()
}

// dump asks for the routes of an address family.
func dump(ctx context.Context, c *nl.Conn, family uint8) ([]route, error) {
	header, err := binary.Append(nil, binary.NativeEndian, unix.RtMsg{Family: family})
	if err != nil {
		return nil, err
	}
	e := nl.NewEncoder(header)
	if *table != 0 {
		e.Uint32(unix.RTA_TABLE, uint32(*table))
	}
	payload, err := e.Result()
	if err != nil {
		return nil, err
	}
	var routes []route
	names := map[uint32]string{0: "-"}
	// If routes change meanwhile, the dump may lack some. Then it is made again, and what came so far is void.
	again := nl.RetryInterrupted(10, func() { routes = routes[:0] })
	for m, err := range c.Dump(ctx, nl.Request{Type: unix.RTM_GETROUTE, Payload: payload}, again) {
		if err != nil {
			return nil, err
		}
		r, err := parse(m)
		if err != nil {
			return nil, err
		}
		for i, h := range r.hops {
			if _, known := names[h.index]; !known {
				// Another request, in the middle of the dump: it has a socket of its own.
				link, err := rtlink.ByIndex(ctx, c, int(h.index))
				if err != nil && !errors.Is(err, fs.ErrNotExist) {
					return nil, err
				}
				names[h.index] = link.Name
			}
			r.hops[i].device = names[h.index]
		}
		routes = append(routes, r)
	}
	return routes, nil
}

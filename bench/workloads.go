package main

import (
	"fmt"
	"net"
	"os/exec"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/bench/internal/contend"
	"github.com/golibnl/golibnl/bench/internal/host"
	"github.com/golibnl/golibnl/bench/internal/wire"
)

// lo is the index of the loopback link in each namespace.
const lo = 1

var workloads = []*host.Workload{
	{
		Name:  "dump-routes",
		Title: "All IPv4 routes, and of each the destination and the link",
		Note: "`c` walks the attributes, `c-parse` parses them into a table, `c-no-peek` has libnl receive without asking for the " +
			"size first; `libnl` is libnl/ with a Go callback for each message.",
		Unit: "message", Sizes: []int{100, 1000, 10_000, 100_000, 1_000_000}, Small: 100, Floor: "bare",
		Contenders: []string{
			"bare", "c", "c-parse", "c-no-peek", "nl", "libnl", "mdlayher", "mdlayher-iter", "vishvananda", "vishvananda-iter", "ip",
		},
		Units: func(size int) int { return size + 3 }, // those of the loopback link
		SetUp: addRoutes,
	},
	{
		Name:  "dump-links",
		Title: "All links, of about 3 KiB each, and of each the index, the name and the MTU",
		Unit:  "message", Sizes: []int{100, 1000}, Small: 10, Floor: "bare",
		Contenders: []string{"bare", "c", "nl", "libnl", "mdlayher", "vishvananda", "ip"},
		Units:      func(size int) int { return size + 1 },
		SetUp:      addLinks,
	},
	{
		Name:  "crossing",
		Title: "All IPv4 routes, counted",
		Note: "What `libnl` takes more than `c` is the way from C to Go and back, once a message; `libnl-hdr` copies the message " +
			"besides, to look at it.",
		Unit: "message", Sizes: []int{10_000}, Small: 100, Floor: "bare",
		Contenders: []string{"bare", "c", "libnl", "libnl-hdr"},
		Units:      func(size int) int { return size + 3 },
		SetUp:      addRoutes,
	},
	{
		Name:  "ack",
		Title: "A request that does nothing, and its acknowledgement",
		Note: "`c` and `libnl` make a message for each request; `c-reuse` and `libnl-reuse` send one again and again, which leaves " +
			"nl_send_auto and nl_wait_for_ack.",
		Unit: "request", Sizes: []int{1}, Small: 1, Floor: "bare",
		Contenders: []string{
			"bare", "c", "c-reuse", "nl", "nl-cancellable", "libnl", "libnl-reuse", "mdlayher", "mdlayher-buf", "vishvananda",
		},
	},
	{
		Name:  "get",
		Title: "The loopback link, and of it the index and the MTU: a request with one reply",
		Note:  "`c`, `nl` and `vishvananda` ask for an acknowledgement besides, the others end with the reply.",
		Unit:  "request", Sizes: []int{1}, Small: 1, Floor: "bare",
		Contenders: []string{"bare", "c", "c-no-ack", "nl", "libnl", "mdlayher", "vishvananda", "ip"},
		SetUp:      func(int) error { return wire.SetUp(lo, true) },
	},
	{
		Name:  "add-routes",
		Title: "New routes, each of them acknowledged",
		Note:  "A loop waits for each; `bare` and `mdlayher-batch` send 1,000 at a time; `bare-one-ack` has only the last of them acknowledged.",
		Unit:  "route", Sizes: []int{1000, 10_000, 50_000, 100_000}, Small: 1000, Floor: "bare",
		Contenders: []string{
			"bare", "bare-one-ack", "c-loop", "nl-batch", "nl-loop", "libnl-loop", "mdlayher-loop", "mdlayher-batch", "vishvananda-loop", "ip-batch",
		},
		Units: func(size int) int { return size },
		Ops:   func(int) int { return 1 },
		SetUp: func(int) error { return addPair() },
		Before: func(int, int) error {
			if err := setBenchLink(false); err != nil {
				return err
			}
			return setBenchLink(true)
		},
		After: func(size, _ int) error { return countRoutes(size) },
	},
	{
		Name:  "events",
		Title: "Notifications about routes that are in the receive buffer already, and of each the destination and the link",
		Unit:  "event", Sizes: []int{20_000}, Small: 200, Floor: "bare", Fresh: true,
		Contenders: []string{"bare", "c", "nl", "libnl", "mdlayher", "vishvananda"},
		Units:      func(size int) int { return size },
		Ops:        func(int) int { return 1 },
		SetUp:      func(int) error { return openToggle() },
		Before:     func(size, _ int) error { return toggle(size) },
	},
	{
		Name:  "keep-up",
		Title: "Notifications about routes, at the highest rate at which none is lost, with a receive buffer of 208 KiB",
		Note:  "The time is that from one event to the next at that rate. Rates go up to what the kernel can make, and are found within a tenth.",
		Unit:  "event", Sizes: []int{1}, Small: 1, Floor: "bare", Fresh: true,
		Contenders: []string{"bare", "c", "nl", "libnl", "mdlayher", "vishvananda"},
		SetUp:      func(int) error { return openToggle() },
		Pace:       pace,
	},
	{
		Name:  "recovery",
		Title: "Notifications were lost: hear of it, and know all routes again",
		Note:  "`vishvananda` has to subscribe anew besides. `nl` hands out first what was in the buffer when the loss happened, of use to who cannot ask for the state; the others drop it.",
		Unit:  "recovery", Sizes: []int{1000, 10_000}, Small: 100, Floor: "bare", Fresh: true,
		Contenders: []string{"bare", "c", "nl", "libnl", "mdlayher", "vishvananda"},
		Ops:        func(int) int { return 1 },
		SetUp: func(size int) error {
			if err := openToggle(); err != nil {
				return err
			}
			return addRoutes(size)
		},
		Before: func(int, int) error { return overrun() },
	},
	{
		Name:  "idle",
		Title: "Connections that wait for a notification about a route, which then comes to all",
		Note:  "In Go each has a goroutine; `c` has one thread and poll. Memory is what the process grew by when they were opened; what the kernel has for each socket is not in it.",
		Unit:  "connection", Sizes: []int{1000, 9000}, Small: 20, Floor: "c", Once: true,
		Contenders: []string{"c", "bare", "nl", "mdlayher", "vishvananda"},
		Units:      func(size int) int { return size },
		Ops:        func(int) int { return 1 },
		SetUp:      func(int) error { return openToggle() },
		Before:     func(int, int) error { return toggle(1) },
	},
	{
		Name:  "decode",
		Title: "Eight attributes of a link, one of them in a nest, among all that the kernel tells of it",
		Unit:  "message", Sizes: []int{1}, Small: 1, Floor: "bare",
		Contenders: []string{"bare", "c", "nl", "libnl", "mdlayher", "vishvananda"},
		SetUp:      func(int) error { return addPair() },
	},
	{
		Name:  "encode",
		Title: "A message with ten attributes, one of them in a nest",
		Note:  "`c` and `libnl` allocate a message and free it; `nl` and `bare` write into a buffer that is there.",
		Unit:  "message", Sizes: []int{1}, Small: 1, Floor: "bare",
		Contenders: []string{"bare", "c", "nl", "libnl", "mdlayher", "vishvananda"},
	},
	{
		Name:  "resolve",
		Title: "The ID of a generic netlink family, by its name",
		Unit:  "request", Sizes: []int{1}, Small: 1, Floor: "bare",
		Contenders: []string{"bare", "c", "nl", "libnl", "mdlayher", "vishvananda"},
	},
	{
		Name:  "open-close",
		Title: "A connection, opened and closed",
		Unit:  "connection", Sizes: []int{1}, Small: 1, Floor: "bare",
		Contenders: []string{"bare", "c", "nl", "libnl", "mdlayher", "vishvananda"},
	},
	{
		Name:  "shared",
		Title: "Acknowledged requests from 64 goroutines, on one connection or each on its own",
		Note:  "C has 64 threads.",
		Unit:  "request", Sizes: []int{64}, Small: 8, Floor: "bare-own",
		Contenders: []string{
			"bare-own", "c-own", "nl-one", "nl-own", "libnl-own", "mdlayher-one", "mdlayher-own", "vishvananda-one", "vishvananda-own",
		},
	},
}

// addRoutes brings the loopback link up, which makes three routes, and adds so many.
func addRoutes(size int) error {
	if err := wire.SetUp(lo, true); err != nil {
		return err
	}
	p, err := wire.NewPipe(lo)
	if err != nil {
		return err
	}
	defer p.Close()
	n, err := p.Do(unix.RTM_NEWROUTE, wire.RouteFlags, 1, size+1, false)
	if err == nil && n != size {
		err = fmt.Errorf("%d of %d routes could be added", n, size)
	}
	return err
}

// ipBatch runs many commands of ip's.
func ipBatch(commands string) error {
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(commands)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %s", err, text)
	}
	return nil
}

// addPair adds a pair of links, and brings the one up that contenders know by name.
func addPair() error {
	if err := ipBatch("link add " + contend.BenchLink + " type veth peer name bench9\nlink set bench9 up\n"); err != nil {
		return err
	}
	return setBenchLink(true)
}

func setBenchLink(up bool) error {
	link, err := net.InterfaceByName(contend.BenchLink)
	if err != nil {
		return err
	}
	return wire.SetUp(link.Index, up)
}

// addLinks adds pairs of links with long alternative names, as many links as the size says.
func addLinks(size int) error {
	var b strings.Builder
	for i := range size / 2 {
		fmt.Fprintf(&b, "link add a%d type veth peer name b%d\n", i, i)
		for _, side := range []string{"a", "b"} {
			for n := range 10 {
				fmt.Fprintf(&b, "link property add dev %s%d altname %s%d-%d-%s\n", side, i, side, i, n, strings.Repeat("x", 100))
			}
		}
	}
	return ipBatch(b.String())
}

// countRoutes checks that the link has so many routes.
func countRoutes(want int) error {
	fd, err := wire.Open(unix.NETLINK_ROUTE, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	have := 0
	err = wire.Dump(fd, wire.RouteDump(1), make([]byte, 32<<10), func([]byte) { have++ })
	if err == nil && have != want {
		err = fmt.Errorf("there are %d routes, not %d", have, want)
	}
	return err
}

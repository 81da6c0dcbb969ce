//go:build linux

// Per-namespace follows the links of several network namespaces. It needs CAP_SYS_ADMIN. End it with ^C.
//
//	ip netns add blue; ip netns add red
//	go run ./examples/per-namespace /run/netns/blue /run/netns/red
//	go run ./examples/per-namespace -all /run/netns/blue /run/netns/red
//
// The first has a connection in each namespace, and a goroutine that follows it. The second has one connection, in the
// namespace that it is started in, to which the kernel sends notifications of all namespaces that have an ID there (it
// gives them one); each says which it is from.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/examples/internal/rtlink"
	"github.com/golibnl/golibnl/nl"
)

var all = flag.Bool("all", false, "one connection for all, by namespace IDs")

func main() {
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "Usage: per-namespace [-all] PATH...   such as /run/netns/NAME or /proc/PID/ns/net")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := followEach
	if *all {
		run = followAll
	}
	if err := run(ctx, flag.Args()); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// followEach follows each namespace by a connection in it. The first error ends all.
func followEach(ctx context.Context, paths []string) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var conns []*nl.Conn
	for _, path := range paths {
		c, err := nl.Dial(unix.NETLINK_ROUTE, nl.WithNetNS(path))
		if err != nil {
			return err
		}
		defer c.Close()
		if err := c.Join(unix.RTNLGRP_LINK); err != nil {
			return err
		}
		conns = append(conns, c)
	}
	fmt.Printf("Following the links of %d namespaces, by as many connections\n", len(conns))
	var followers sync.WaitGroup
	for i, c := range conns {
		followers.Go(func() {
			cancel(follow(ctx, c, func(nl.Message) string { return paths[i] }))
		})
	}
	followers.Wait()
	return context.Cause(ctx)
}

// followAll follows all namespaces by one connection.
func followAll(ctx context.Context, paths []string) error {
	c, err := nl.Dial(unix.NETLINK_ROUTE, nl.WithListenAllNSID())
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Join(unix.RTNLGRP_LINK); err != nil {
		return err
	}
	for _, path := range paths {
		id, err := identify(ctx, c, path)
		if err != nil {
			return err
		}
		fmt.Printf("nsid %d is %s\n", id, path)
	}
	fmt.Printf("Following the links of %d namespaces, and of this one, by one connection\n", len(paths))
	return follow(ctx, c, func(m nl.Message) string {
		if id, other := m.NSID(); other {
			return fmt.Sprintf("nsid %d", id)
		}
		return "this namespace"
	})
}

// follow prints what the kernel tells of links, and where.
func follow(ctx context.Context, c *nl.Conn, where func(nl.Message) string) error {
	for m, err := range c.Events(ctx) {
		if errors.Is(err, nl.ErrOverrun) {
			fmt.Println("changes were lost; examples/link-monitor shows how to catch up")
			continue
		}
		if err != nil {
			return err
		}
		link, err := rtlink.Parse(m)
		if err != nil {
			return err
		}
		fmt.Printf("%s: %v\n", where(m), link)
	}
	return nil
}

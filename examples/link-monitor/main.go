//go:build linux

// Link-monitor tells of changes of network devices and their IPv4 addresses, as `ip -o monitor link address` does, but in
// words. It needs no privilege. End it with ^C.
//
//	go run ./examples/link-monitor
//	go run ./examples/link-monitor -buffer 4096   a receive buffer that is soon too small
//
// When notifications are lost, it says so, reads all anew, and tells what has changed meanwhile: see state.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/nl"
)

var (
	buffer  = flag.Int("buffer", 1<<20, "size of the receive buffer in bytes")
	verbose = flag.Bool("v", false, "have the connection log what it drops and loses")
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	options := []nl.Option{nl.WithReadBuffer(*buffer)}
	if *verbose {
		options = append(options, nl.WithLogger(slog.New(slog.NewTextHandler(os.Stderr, nil))))
	}
	c, err := nl.Dial(unix.NETLINK_ROUTE, options...)
	if err != nil {
		return err
	}
	defer c.Close()
	// Join first and read then, so that no change falls in between.
	if err := c.Join(unix.RTNLGRP_LINK, unix.RTNLGRP_IPV4_IFADDR); err != nil {
		return err
	}
	s, err := read(ctx, c)
	if err != nil {
		return err
	}
	fmt.Printf("Watching %d links and %d addresses\n", len(s.links), len(s.addrs))

	for m, err := range c.Events(ctx) {
		switch {
		case errors.Is(err, nl.ErrOverrun):
			fmt.Println("overrun: changes were lost; reading all anew")
			// What comes after this event is newer than what was lost, so whatever the dump lacks is still to be told.
			now, err := read(ctx, c)
			if err != nil {
				return err
			}
			s.changes(now)
			s = now
			fmt.Printf("in step again: %d links and %d addresses\n", len(s.links), len(s.addrs))
		case err != nil:
			return err
		default:
			line, err := s.apply(m)
			if err != nil {
				return err
			}
			fmt.Println(line)
		}
	}
	return nil
}

//go:build linux

// Many-goroutines shares one connection among 64 goroutines, each of which makes requests and dumps, and gives some up. It
// prints how many were answered, and what the connection has counted. It needs no privilege.
//
//	go run ./examples/many-goroutines
package main

import (
	"context"
	"errors"
	"expvar"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/examples/internal/rtlink"
	"github.com/golibnl/golibnl/nl"
)

var (
	goroutines = flag.Int("goroutines", 64, "how many share the connection")
	requests   = flag.Int("requests", 100, "how many requests each makes")
)

// counts are what came of the requests.
type counts struct {
	answered, wrong, givenUp, repeated, dumps, dumped atomic.Int64
}

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	// The answers to all who ask at the same time have to fit.
	c, err := nl.Dial(unix.NETLINK_ROUTE, nl.WithReadBuffer(1<<20))
	if err != nil {
		return err
	}
	defer c.Close()
	// With this, an HTTP server of the program shows the numbers at /debug/vars.
	expvar.Publish("netlink", expvar.Func(func() any { return c.Stats() }))

	links, err := c.DumpAll(ctx, rtlink.All())
	if err != nil {
		return err
	}
	var n counts
	errs := make([]error, *goroutines)
	var all sync.WaitGroup
	begin := time.Now()
	for i := range errs {
		all.Go(func() { errs[i] = n.work(ctx, c, links, i) })
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	fmt.Printf("%d goroutines, %d requests each, on one connection: %v\n", *goroutines, *requests, time.Since(begin).Round(time.Millisecond))
	fmt.Printf("answered %d, given up %d, answered with what another one asked for %d\n", n.answered.Load(), n.givenUp.Load(), n.wrong.Load())
	fmt.Printf("asked again, since the buffer was too small for all answers, %d\n", n.repeated.Load())
	fmt.Printf("dumps %d, with %d links in all\n", n.dumps.Load(), n.dumped.Load())
	fmt.Println("stats", expvar.Get("netlink"))
	return nil
}

// work is what one goroutine does.
func (n *counts) work(ctx context.Context, c *nl.Conn, links []nl.Message, offset int) error {
	for i := range *requests {
		want, err := rtlink.Parse(links[(offset+i)%len(links)])
		if err != nil {
			return err
		}
		impatient := i%10 == 9
		got, err := ask(ctx, c, want, impatient)
		for errors.Is(err, nl.ErrOverrun) { // whoever only reads can do so again
			n.repeated.Add(1)
			got, err = ask(ctx, c, want, impatient)
		}
		switch {
		case impatient && errors.Is(err, context.Canceled):
			n.givenUp.Add(1)
		case err != nil:
			return err
		case got.Index != want.Index:
			n.wrong.Add(1)
		default:
			n.answered.Add(1)
		}
	}
	n.dumps.Add(1)
	for _, err := range c.Dump(ctx, rtlink.All()) {
		if err != nil {
			return err
		}
		n.dumped.Add(1)
	}
	return nil
}

// ask asks for a link. Somebody who is impatient may give up before the answer comes, and disturbs nobody by it.
func ask(ctx context.Context, c *nl.Conn, link rtlink.Link, impatient bool) (rtlink.Link, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if impatient {
		go cancel()
	}
	return rtlink.ByIndex(ctx, c, link.Index)
}

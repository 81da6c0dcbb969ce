//go:build linux

// Nl_recv-nl is nl_recv on package nl: it waits for the greeting that the kernel module nl_greeting sends to multicast
// group 1, and prints it. Run two: both receive it.
//
//	insmod nl_greeting.ko period_ms=1000   (kmod/README.md says how)
//	go run ./examples/nl_recv-nl           -n N for more than one greeting, 0 for all
//	go run ./examples/nl_recv-nl -standin  where the module is not loaded
//
// It needs no privilege if the module's parameter lets others listen; -standin needs CAP_NET_ADMIN. Unlike nl_recv it has
// nothing to do about messages that are not from the kernel: the connection drops them.
package main

import (
	"context"
	"flag"
	"fmt"

	"github.com/golibnl/golibnl/examples/internal/kernelside"
	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/nl"
)

func main() {
	kernel := kernelside.New("nl_greeting", uapi.NL_GREETING_PROTOCOL)
	n := flag.Int("n", 1, "end after so many greetings; 0: never")
	flag.Parse()
	kernelside.Check(kernel.Start())

	// The kernel may send, and the stand-in, if that is to.
	c, err := nl.Dial(kernel.Protocol, nl.WithSenders(kernel.Port))
	kernelside.Check(kernel.Explain("connecting", err))
	defer c.Close()
	kernelside.Check(kernel.Explain("joining group 1", c.Join(uapi.NL_GREETING_GROUP)))

	fmt.Println("Waiting for message from kernel")
	ctx, again := kernel.Context()
	kernelside.Check(kernel.Explain("receiving", receive(ctx, c, *n, again)))
}

// receive prints n greetings.
func receive(ctx context.Context, c *nl.Conn, n int, again func()) error {
	seen := 0
	for m, err := range c.Events(ctx) {
		if err != nil {
			return err
		}
		again()
		fmt.Println("Received message payload:", kernelside.Text(m.Payload))
		if seen++; seen == n {
			break
		}
	}
	return nil
}

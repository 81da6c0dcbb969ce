//go:build linux

// Hello-nl is hello on package nl: it says hello to the kernel module nl_hello, which answers several times.
//
//	insmod nl_hello.ko                 (kmod/README.md says how)
//	go run ./examples/hello-nl         binds port 100, and sends with Execute, which waits for the acknowledgement
//	go run ./examples/hello-nl -raw    the same with Send, which waits for nothing
//	go run ./examples/hello-nl -port 0             the kernel chooses the port
//	go run ./examples/hello-nl -listen             waits for a message that the kernel starts (to_port=100)
//	go run ./examples/hello-nl -port 200 -to 100   speaks to another process, a hello-nl -listen or a hello -listen
//	go run ./examples/hello-nl -standin            where the module is not loaded
//
// It needs no privilege, but for -to, which the module's protocol keeps for CAP_NET_ADMIN.
package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/examples/internal/kernelside"
	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/nl"
)

var (
	kernel = kernelside.New("nl_hello", uapi.NL_HELLO_PROTOCOL)
	port   = kernelside.PortFlag("port", 100, "bind this port (default 100); 0: any")
	free   = flag.Bool("kernel-chooses", false, "with -port 0: bind the socket without package nl, and have it adopted")
	raw    = flag.Bool("raw", false, "send without waiting for the acknowledgement")
	timed  = flag.Bool("time", false, "print how long sending took: all of the answers, if the module has sync=1")
	text   = flag.String("text", "Hello you!", "what to say")
	n      = flag.Int("n", uapi.NL_HELLO_COUNT, "end after so many messages; 0: never")
	to     = kernelside.PortFlag("to", 0, "say it to this port, of another process, and end")
	listen = flag.Bool("listen", false, "say nothing, and wait for one message")
)

func main() {
	flag.Parse()
	if *listen {
		kernel.Default("to_port", *port)
		*n = 1
	}
	kernelside.Check(kernel.Start())
	c, err := connect(*port)
	kernelside.Check(err)
	defer c.Close()
	ctx, again := kernel.Context()
	var first []nl.Message // that came before the acknowledgement

	switch {
	case *to != 0:
		kernelside.Check(kernel.Explain(fmt.Sprintf("sending to port %d", *to), say(ctx, c, *to, 0)))
		return
	case *listen:
		fmt.Printf("Waiting for a message to port %d\n", c.Port())
	case *raw:
		kernelside.Check(kernel.Explain("sending", say(ctx, c, kernel.Port, unix.NLM_F_ACK)))
	default:
		first, err = execute(ctx, c)
		kernelside.Check(kernel.Explain("receiving", err))
	}
	kernelside.Check(kernel.Explain("receiving", receive(ctx, c, first, again)))
}

// execute says the text to the kernel, and waits for the acknowledgement. Its answers have the sequence number of the
// request: those that come before the acknowledgement are its reply, and later ones answer nothing that is waited for.
func execute(ctx context.Context, c *nl.Conn) ([]nl.Message, error) {
	fmt.Printf("Sending from port %d: %s\n", c.Port(), *text)
	defer took(time.Now())
	reply, err := c.Execute(ctx, nl.Request{Type: uapi.NL_HELLO_MSG, Payload: []byte(*text + "\x00"), Port: kernel.Port})
	return reply.Messages, err
}

// say says the text to a port, and waits for nothing.
func say(ctx context.Context, c *nl.Conn, port uint32, flags uint16) error {
	fmt.Printf("Sending from port %d: %s\n", c.Port(), *text)
	defer took(time.Now())
	h := nl.Header{Type: uapi.NL_HELLO_MSG, Flags: unix.NLM_F_REQUEST | flags}
	return c.Send(ctx, nl.Message{Header: h, Payload: []byte(*text + "\x00")}, nl.To(port, 0))
}

func took(begin time.Time) {
	if *timed {
		fmt.Printf("Sending took %v\n", time.Since(begin).Round(time.Millisecond))
	}
}

// receive prints n messages, those that have come already first.
func receive(ctx context.Context, c *nl.Conn, come []nl.Message, again func()) error {
	seen := 0
	enough := func(m nl.Message) bool {
		show(m)
		seen++
		return seen == *n
	}
	for _, m := range come {
		if enough(m) {
			return nil
		}
	}
	for m, err := range c.Messages(ctx) {
		if err == nil {
			err = m.Err() // of -raw
		}
		if err != nil {
			return err
		}
		again()
		if m.Header.Type >= unix.NLMSG_MIN_TYPE && enough(m) {
			break
		}
	}
	return nil
}

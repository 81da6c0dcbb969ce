//go:build linux

// Peer is two processes that talk by netlink, without the kernel: one asks, and the other answers as the kernel would, with
// replies, acknowledgements and errors. It needs no privilege.
//
//	go run ./examples/peer                      starts the second process by itself
//	go run ./examples/peer -answer              only answers; it prints its port
//	go run ./examples/peer -ask PORT TEXT...    only asks, from another terminal
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/nl"
)

var (
	answers = flag.Bool("answer", false, "answer, until ^C")
	port    = flag.Uint("ask", 0, "ask the process that has this port")
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case *answers:
		err = answer(ctx)
	case *port != 0:
		err = ask(ctx, uint32(*port), flag.Args())
	default:
		err = both(ctx)
	}
	if err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// both starts a process that answers, and asks it.
func both(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	other := exec.CommandContext(ctx, self, "-answer")
	other.Stderr = os.Stderr
	out, err := other.StdoutPipe()
	if err != nil {
		return err
	}
	if err := other.Start(); err != nil {
		return err
	}
	var port uint32
	for lines := bufio.NewScanner(out); port == 0 && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "Answering on port %d", &port)
	}
	err = ask(ctx, port, []string{"hello", "", "netlink without the kernel"})
	stop()
	_ = other.Wait() // it was killed
	return err
}

// ask sends each text in a request, and prints what becomes of it.
func ask(ctx context.Context, port uint32, texts []string) error {
	// Nobody but the kernel and this port may answer.
	c, err := nl.Dial(unix.NETLINK_USERSOCK, nl.WithSenders(port))
	if err != nil {
		return err
	}
	defer c.Close()
	for _, text := range texts {
		e := nl.NewEncoder(nil)
		e.String(attrText, text)
		payload, err := e.Result()
		if err != nil {
			return err
		}
		// A process may take its time, or be stuck: unlike the kernel's, its answers are not sure to come.
		limited, cancel := context.WithTimeout(ctx, 10*time.Second)
		reply, err := c.Execute(limited, nl.Request{Type: msgText, Payload: payload, Port: port})
		cancel()
		var refused *nl.Error
		if errors.As(err, &refused) && refused.Message != "" {
			fmt.Printf("%q is refused: %s (%v)\n", text, refused.Message, refused.Errno)
		} else if err != nil {
			return err
		}
		for _, m := range reply.Messages {
			answer, err := textOf(m)
			if err != nil {
				return err
			}
			fmt.Printf("%q is answered: %q\n", text, answer)
		}
	}
	return nil
}

//go:build linux

package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/examples/internal/kernelside"
	"github.com/golibnl/golibnl/nl"
)

// connect makes a connection with a port ID.
func connect(port uint32) (*nl.Conn, error) {
	options := []nl.Option{nl.WithSenders(kernel.Port)}
	if *listen {
		options = append(options, nl.WithAnySender()) // another process may say something
	}
	switch {
	case port != 0:
		options = append(options, nl.WithPort(port))
	case *free:
		fd, err := kernelside.Bind(kernel.Protocol, 0, false)
		if err != nil {
			return nil, kernel.Explain("connecting", err)
		}
		options = append(options, nl.WithFD(fd))
	}
	c, err := nl.Dial(kernel.Protocol, options...)
	if errors.Is(err, unix.EADDRINUSE) {
		err = kernelside.Taken(kernel.Protocol, port)
	}
	return c, kernel.Explain("connecting", err)
}

// show prints a message, and who sent it if that was not the kernel.
func show(m nl.Message) {
	who := ""
	if m.Sender() != kernel.Port {
		who = fmt.Sprintf(" (from port %d)", m.Sender())
	}
	fmt.Printf("Received message: %s%s\n", kernelside.Text(m.Payload), who)
}

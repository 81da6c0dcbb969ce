//go:build linux

// Package kernelside is the other end of the examples' sockets: a module of kmod in the kernel or, with -standin, a stand-in
// for it in user space.
package kernelside

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/examples/internal/standin"
	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/nl"
)

// Side is the other end. Until Start, it is what the command line says.
type Side struct {
	Protocol int    // what to connect a socket to
	Port     uint32 // what to set as its peer port: 0, the kernel, or the stand-in's

	module   string
	standin  bool
	params   []string
	patience time.Duration
}

// New adds the flags -standin, -protocol and -patience to the command line of a program that talks to a module.
func New(module string, protocol int) *Side {
	s := &Side{module: module}
	flag.Var(flagStandin{s}, "standin", "talk to a user-space stand-in for the module "+module+", and play it if nobody does;\n"+
		"-standin=PARAM=VALUE,... gives it module parameters")
	flag.IntVar(&s.Protocol, "protocol", protocol, "netlink protocol of the module")
	flag.DurationVar(&s.patience, "patience", 0, "give up after so long without a message; 0 waits for ever")
	return s
}

// PortFlag adds a flag for a port ID to the command line.
func PortFlag(name string, port uint32, usage string) *uint32 {
	flag.Func(name, usage, func(text string) error {
		n, err := strconv.ParseUint(text, 0, 32)
		port = uint32(n)
		return err
	})
	return &port
}

// flagStandin is a flag with or without a value.
type flagStandin struct{ *Side }

func (f flagStandin) String() string   { return "" }
func (f flagStandin) IsBoolFlag() bool { return true }

func (f flagStandin) Set(value string) error {
	f.standin = value != "false"
	if value != "true" && value != "false" {
		f.params = append(f.params, strings.Split(value, ",")...)
	}
	return nil
}

// Default gives the stand-in a module parameter, unless the command line does.
func (s *Side) Default(param string, value uint32) {
	s.params = append([]string{fmt.Sprintf("%s=%d", param, value)}, s.params...)
}

// Start makes sure that somebody plays the stand-in, if there is to be one: this process, unless another does already.
func (s *Side) Start() error {
	play := func(m standin.Module) error { return standin.Play(m, s.params, os.Stderr) }
	return s.start(play)
}

// Find is Start for a program that ends too soon to play anything.
func (s *Side) Find() error {
	return s.start(func(standin.Module) error { return nil })
}

func (s *Side) start(play func(standin.Module) error) error {
	if !s.standin {
		return nil
	}
	m := standin.Module{Name: s.module, Protocol: s.Protocol}
	fmt.Printf("-standin: a process in user space, on NETLINK_USERSOCK, plays the module %s\n", s.module)
	s.Protocol, s.Port = libnl.NETLINK_USERSOCK, m.Port()
	return play(m)
}

// Limit makes receives on the socket, which must be connected, fail when the patience is over.
func (s *Side) Limit(sk *libnl.Socket) error {
	limit := unix.NsecToTimeval(s.patience.Nanoseconds())
	return unix.SetsockoptTimeval(sk.GetFd(), unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit)
}

// errPatience is why the context of Context ends.
var errPatience = errors.New("nothing came")

// Context is Limit for package nl: a context that ends when the patience is over, which begins anew with each call of
// again.
func (s *Side) Context() (ctx context.Context, again func()) {
	ctx, again = context.Background(), func() {}
	if s.patience > 0 {
		limited, cancel := context.WithCancelCause(ctx)
		timer := time.AfterFunc(s.patience, func() { cancel(errPatience) })
		ctx, again = limited, func() { timer.Reset(s.patience) }
	}
	return ctx, again
}

// Explain says what an error of connecting, joining, sending or receiving means here.
func (s *Side) Explain(what string, err error) error {
	why := ""
	var answer *nl.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer) && answer.Message != "":
		return fmt.Errorf("%s: the kernel refuses it: %s (%w)", what, answer.Message, answer.Errno)
	case errors.Is(err, unix.EPROTONOSUPPORT):
		why = fmt.Sprintf("no module serves netlink protocol %d: load %s (see kmod/README.md), or run this with -standin", s.Protocol, s.module)
	case errors.Is(err, libnl.NLE_EXIST), errors.Is(err, unix.EADDRINUSE):
		why = "the port is taken: another socket in this network namespace is bound to it; -port 0 takes one that is free"
	case errors.Is(err, unix.EPERM) && s.standin:
		why = "groups of NETLINK_USERSOCK are for CAP_NET_ADMIN: be root, or run this in `unshare -rn`"
	case errors.Is(err, unix.EPERM):
		why = "it takes CAP_NET_ADMIN, or a module parameter that lets others in: see kmod/README.md"
	case errors.Is(err, libnl.NLE_AGAIN), errors.Is(err, errPatience):
		why = fmt.Sprintf("nothing came for %v", s.patience)
	case errors.Is(err, unix.ECONNREFUSED) && s.standin:
		why = "nobody has that port: if it is the stand-in's, nobody plays it"
	case errors.Is(err, unix.ECONNREFUSED):
		why = "nobody has that port"
	case errors.Is(err, unix.ENOBUFS):
		why = "messages were lost, since they came faster than they were read: see examples/overrun"
	default:
		return fmt.Errorf("%s: %w", what, err)
	}
	return fmt.Errorf("%s: %s (%w)", what, why, err)
}

// From names the sender of a message.
func (s *Side) From(port uint32) string {
	if port == s.Port {
		return "the kernel"
	}
	return fmt.Sprintf("port %d", port)
}

// Text is the text of a payload: a C string, padded.
func Text(payload []byte) string {
	text, _, _ := strings.Cut(string(payload), "\x00")
	return text
}

// Check ends the program if there is an error.
func Check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

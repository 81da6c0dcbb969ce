package nl

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// Option sets up a connection at [Dial].
type Option func(*config) error

type config struct {
	port                 uint32
	fd                   int // adopted; -1 for none
	ns                   *namespace
	readBuffer           int
	writeBuffer          int
	senders              []uint32 // besides the kernel
	anySender            bool
	filter               []bpf.RawInstruction
	noExtAck             bool
	strict, capAck       bool
	noENOBUFS, broadcast bool
	allNSID, creds       bool
	logger               *slog.Logger
}

// WithPort makes the connection one socket with this port ID. Dial fails with EADDRINUSE if another socket of the
// protocol has it. Without the option the kernel chooses, for each socket.
func WithPort(port uint32) Option {
	return func(c *config) error {
		if port == 0 {
			return errors.New("port ID 0 is the kernel's; leave WithPort away to have one chosen")
		}
		c.port = port
		return nil
	}
}

// WithFD makes the connection one socket, which is open already: a bound netlink socket of the family. It is made
// non-blocking, and stays as it is otherwise, unless other options change it.
//
// The connection owns the descriptor once Dial has returned without an error.
func WithFD(fd int) Option {
	return func(c *config) error {
		if fd < 0 {
			return fmt.Errorf("%d is not a file descriptor", fd)
		}
		c.fd = fd
		return nil
	}
}

// WithNetNS puts the connection into the network namespace at a path, such as /run/netns/NAME or /proc/PID/ns/net. This
// needs CAP_SYS_ADMIN. The caller's thread stays where it is.
func WithNetNS(path string) Option {
	return func(c *config) error { return c.namespace(openNamespace(path)) }
}

// WithNetNSFD is [WithNetNS] with a descriptor of a namespace, which stays the caller's.
func WithNetNSFD(fd int) Option {
	return func(c *config) error { return c.namespace(dupNamespace(fd)) }
}

// WithNetNSPID is [WithNetNS] with the namespace of a process.
func WithNetNSPID(pid int) Option {
	return WithNetNS(fmt.Sprintf("/proc/%d/ns/net", pid))
}

func (c *config) namespace(ns *namespace, err error) error {
	if err != nil {
		return err
	}
	c.ns.close()
	c.ns = ns
	return nil
}

// WithReadBuffer sets the size of the receive buffer of each socket, in bytes; see [Conn.ReadBuffer] for what it came to.
// With CAP_NET_ADMIN it may be larger than the net.core.rmem_max of the system.
func WithReadBuffer(bytes int) Option {
	return func(c *config) error { return positive(&c.readBuffer, bytes) }
}

// WithWriteBuffer sets the size of the send buffer of each socket, in bytes. No message can be larger.
func WithWriteBuffer(bytes int) Option {
	return func(c *config) error { return positive(&c.writeBuffer, bytes) }
}

func positive(field *int, bytes int) error {
	if bytes <= 0 {
		return fmt.Errorf("a buffer of %d bytes", bytes)
	}
	*field = bytes
	return nil
}

// WithStrictCheck has the kernel check requests more strictly, and do the filtering that they ask for
// (NETLINK_GET_STRICT_CHK). Dial fails where the kernel has no such option.
func WithStrictCheck() Option { return flag(func(c *config) { c.strict = true }) }

// WithoutExtAck turns the kernel's extended acknowledgements off, which tell more than an errno (NETLINK_EXT_ACK).
func WithoutExtAck() Option { return flag(func(c *config) { c.noExtAck = true }) }

// WithCapAck has the kernel leave the request out of its acknowledgements (NETLINK_CAP_ACK).
func WithCapAck() Option { return flag(func(c *config) { c.capAck = true }) }

// WithNoENOBUFS has the kernel drop what does not fit the receive buffer without saying so (NETLINK_NO_ENOBUFS): a lost
// answer is then waited for until the context ends.
func WithNoENOBUFS() Option { return flag(func(c *config) { c.noENOBUFS = true }) }

// WithBroadcastError has the kernel report to whoever causes a notification that it could not be delivered here
// (NETLINK_BROADCAST_ERROR).
func WithBroadcastError() Option { return flag(func(c *config) { c.broadcast = true }) }

// WithListenAllNSID brings notifications from all network namespaces that have an ID in the connection's own
// (NETLINK_LISTEN_ALL_NSID); see [Message.NSID]. It needs CAP_NET_BROADCAST.
func WithListenAllNSID() Option { return flag(func(c *config) { c.allNSID = true }) }

// WithCredentials brings the credentials of the sender with each message (SO_PASSCRED); see [Message.Credentials].
func WithCredentials() Option { return flag(func(c *config) { c.creds = true }) }

// WithLogger has what is dropped, lost and refused logged, at levels from debug to warning. The handler is called on a
// goroutine of its own, in order; if it is so slow that hundreds of records wait for it, some are left out.
func WithLogger(l *slog.Logger) Option { return flag(func(c *config) { c.logger = l }) }

func flag(set func(*config)) Option {
	return func(c *config) error {
		set(c)
		return nil
	}
}

// WithSenders lets these port IDs send to the connection, besides the kernel. Messages of others are dropped and counted.
func WithSenders(ports ...uint32) Option {
	return flag(func(c *config) { c.senders = append(slices.Clone(c.senders), ports...) })
}

// WithAnySender lets every port send to the connection. Any process with the right capability in the namespace, and on
// NETLINK_USERSOCK and many a module's protocol any process at all, may be behind a port.
func WithAnySender() Option { return flag(func(c *config) { c.anySender = true }) }

// WithFilter attaches a socket filter (see golang.org/x/net/bpf) to each socket: what it rejects is dropped by the kernel.
// An answer that it rejects is waited for until the context ends.
func WithFilter(filter []bpf.RawInstruction) Option {
	return func(c *config) error {
		if len(filter) == 0 || len(filter) > 4096 {
			return fmt.Errorf("a socket filter of %d instructions", len(filter))
		}
		c.filter = slices.Clone(filter)
		return nil
	}
}

// onlyOne reports whether the connection has to do with one socket.
func (c *config) onlyOne() bool { return c.port != 0 || c.fd >= 0 }

// apply sets up a socket.
func (c *config) apply(fd int) error {
	for _, o := range []struct {
		set    bool
		option int
		name   string
		old    bool // an old kernel without it will do
	}{
		{!c.noExtAck, unix.NETLINK_EXT_ACK, "NETLINK_EXT_ACK", true},
		{c.strict, unix.NETLINK_GET_STRICT_CHK, "NETLINK_GET_STRICT_CHK", false},
		{c.capAck, unix.NETLINK_CAP_ACK, "NETLINK_CAP_ACK", false},
		{c.noENOBUFS, unix.NETLINK_NO_ENOBUFS, "NETLINK_NO_ENOBUFS", false},
		{c.broadcast, unix.NETLINK_BROADCAST_ERROR, "NETLINK_BROADCAST_ERROR", false},
	} {
		if !o.set {
			continue
		}
		err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, o.option, 1)
		if err != nil && (!o.old || !errors.Is(err, unix.ENOPROTOOPT)) {
			return fmt.Errorf("set %s: %w", o.name, err)
		}
	}
	if c.creds {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PASSCRED, 1); err != nil {
			return fmt.Errorf("set SO_PASSCRED: %w", err)
		}
	}
	if err := buffer(fd, c.readBuffer, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF); err != nil {
		return fmt.Errorf("set the receive buffer: %w", err)
	}
	if err := buffer(fd, c.writeBuffer, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF); err != nil {
		return fmt.Errorf("set the send buffer: %w", err)
	}
	if c.filter != nil {
		if err := attach(fd, c.filter); err != nil {
			return fmt.Errorf("attach the socket filter: %w", err)
		}
	}
	return nil
}

// subscribe has a socket say to which group, and from which namespace, notifications come.
func (c *config) subscribe(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_PKTINFO, 1); err != nil {
		return fmt.Errorf("set NETLINK_PKTINFO: %w", err)
	}
	if !c.allNSID {
		return nil
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_LISTEN_ALL_NSID, 1); err != nil {
		return fmt.Errorf("set NETLINK_LISTEN_ALL_NSID: %w", err)
	}
	return nil
}

// buffer sets a buffer's size beyond the system's limit, or up to it where that is not allowed.
func buffer(fd, bytes, force, plain int) error {
	if bytes == 0 {
		return nil
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, bytes) == nil {
		return nil
	}
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, plain, bytes)
}

func attach(fd int, filter []bpf.RawInstruction) error {
	code := make([]unix.SockFilter, len(filter))
	for i, ins := range filter {
		code[i] = unix.SockFilter{Code: ins.Op, Jt: ins.Jt, Jf: ins.Jf, K: ins.K}
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER,
		&unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]})
}

package nl

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/internal/pump"
)

// endpoint is one socket of a connection.
type endpoint struct {
	owner *conn
	pump  *pump.Socket
	port  uint32

	// users counts who is inside, and one for the endpoint being open. The last one to leave frees the socket.
	users  atomic.Int64
	closed atomic.Bool

	// For the one who reads.
	poll  func(fd uintptr) bool
	batch *pump.Batch
	want  pump.Want
	now   bool

	waiting waiting

	ended chan struct{} // closed with the endpoint

	feed feed
	exchange
}

// openEndpoint opens a socket in the namespace that the calling thread is in.
func openEndpoint(owner *conn) (*endpoint, error) {
	family, cfg := owner.family, &owner.cfg
	fd := cfg.fd
	if fd < 0 {
		var err error
		fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, family)
		if err != nil {
			return nil, os.NewSyscallError("socket", err)
		}
	}
	e, err := setUp(fd, family, cfg)
	if err != nil {
		if cfg.fd < 0 {
			_ = unix.Close(fd)
		}
		return nil, err
	}
	e.owner = owner
	return e, nil
}

func setUp(fd, family int, cfg *config) (*endpoint, error) {
	if cfg.fd >= 0 {
		if err := adoptable(fd, family); err != nil {
			return nil, fmt.Errorf("descriptor %d: %w", fd, err)
		}
	}
	if err := cfg.apply(fd); err != nil {
		return nil, err
	}
	if cfg.onlyOne() {
		if err := cfg.subscribe(fd); err != nil {
			return nil, err
		}
	}
	if cfg.fd < 0 {
		if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Pid: cfg.port}); err != nil {
			return nil, fmt.Errorf("bind to port ID %d: %w", cfg.port, err)
		}
	} else if err := unix.SetNonblock(fd, true); err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return nil, os.NewSyscallError("getsockname", err)
	}
	addr, ok := sa.(*unix.SockaddrNetlink)
	if !ok {
		return nil, fmt.Errorf("an address of type %T", sa)
	}
	readBuffer, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF)
	if err != nil {
		return nil, os.NewSyscallError("getsockopt", err)
	}
	p, code := pump.New(family, fd)
	if p == nil {
		return nil, fmt.Errorf("libnl does not take descriptor %d for family %d: code %d", fd, family, code)
	}
	e := &endpoint{pump: p, port: addr.Pid}
	if cfg.creds || cfg.onlyOne() {
		p.SetControl()
	}
	e.users.Store(1)
	e.poll = e.readNow
	e.room, e.ended = slots(readBuffer), make(chan struct{})
	e.listens = cfg.onlyOne()
	e.init()
	return e, nil
}

// adoptable says why a connection to the family cannot take a descriptor over; nil if it can.
func adoptable(fd, family int) error {
	domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil {
		return err
	}
	if domain != unix.AF_NETLINK {
		return fmt.Errorf("it is a socket of domain %d, not of netlink", domain)
	}
	protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil {
		return err
	}
	if protocol != family {
		return fmt.Errorf("it is a netlink socket of family %d, not %d", protocol, family)
	}
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return err
	}
	if a, ok := sa.(*unix.SockaddrNetlink); !ok || a.Pid == 0 {
		return errors.New("the socket is not bound to a port ID")
	}
	return nil
}

// listen makes the socket one for notifications, for which somebody will have to wait. Nobody may read meanwhile.
func (e *endpoint) listen() error {
	if _, err := e.waiting.start(e.pump.FD()); err != nil {
		return err
	}
	if err := e.owner.cfg.subscribe(e.pump.FD()); err != nil {
		return err
	}
	e.pump.SetControl()
	e.listens = true
	return nil
}

// queued is how many bytes of messages are in the socket's queue at most, and at least 1.
func (e *endpoint) queued() int {
	info, err := memInfo(e.pump.FD())
	if err != nil {
		return 1
	}
	return max(int(info[unix.SK_MEMINFO_RMEM_ALLOC]), 1)
}

// enter keeps the socket from being freed, until leave.
func (e *endpoint) enter() error {
	for {
		n := e.users.Load()
		if n == 0 || e.closed.Load() {
			return net.ErrClosed
		}
		if e.users.CompareAndSwap(n, n+1) {
			return nil
		}
	}
}

func (e *endpoint) leave() {
	if e.users.Add(-1) == 0 {
		e.pump.Close()
	}
}

// close wakes whoever waits. The socket goes when the last user has left.
func (e *endpoint) close() {
	if e.closed.Swap(true) {
		return
	}
	close(e.ended)
	e.waiting.close()
	e.end(net.ErrClosed)
	e.leave()
}

var batches = sync.Pool{New: func() any { return pump.NewBatch() }}

func getBatch() *pump.Batch { return batches.Get().(*pump.Batch) }

func putBatch(b *pump.Batch) {
	if poison.Load() {
		b.Poison()
	}
	batches.Put(b)
}

// poison has buffers overwritten as soon as what they held is not valid any more. Tests set it.
var poison atomic.Bool

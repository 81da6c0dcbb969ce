package nl

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// Conn is a connection to a netlink family in one network namespace: as many sockets as it takes. Any goroutine may call
// any method at any time.
type Conn struct {
	in      *conn
	cleanup runtime.Cleanup
}

// conn is what stays of a Conn when the program has lost it, and what ends then.
type conn struct {
	family int
	cfg    config

	requests      atomic.Pointer[endpoint] // nil until the first request
	notifications atomic.Pointer[endpoint] // nil until the first subscription
	turns         *turns                   // nil unless requests, dumps and notifications share one socket
	stats         counters
	journal       journal

	mu     sync.Mutex
	closed bool
	first  *endpoint   // what Dial opened, until its first use shows what for
	idle   []*endpoint // for dumps
	all    map[*endpoint]struct{}
	cookie uint64 // of the network namespace; 0 if the kernel does not say
}

// maxIdle is how many sockets are kept for the next dump.
const maxIdle = 4

var backstops atomic.Int64

// Dial opens a connection to a netlink family, such as unix.NETLINK_ROUTE, in the network namespace of the calling thread
// or that of [WithNetNS]. Close it.
//
// It fails with EPROTONOSUPPORT if the kernel does not have the family, and with what the options say.
func Dial(family int, options ...Option) (*Conn, error) {
	in := &conn{family: family, cfg: config{fd: -1}, all: make(map[*endpoint]struct{})}
	for _, o := range options {
		if o == nil {
			continue
		}
		if err := o(&in.cfg); err != nil {
			in.cfg.ns.close()
			return nil, in.error("dial", nil, err)
		}
	}
	if in.cfg.fd >= 0 && (in.cfg.ns != nil || in.cfg.port != 0) {
		in.cfg.ns.close()
		return nil, in.error("dial", nil, errors.New("a descriptor has its port ID and network namespace already"))
	}
	open := func() (err error) {
		in.first, err = openEndpoint(in)
		return err
	}
	var err error
	if in.cfg.ns != nil {
		err = in.cfg.ns.do(open)
	} else if err = open(); err == nil && !in.cfg.onlyOne() {
		in.cfg.ns = hereIfElsewhere(namespaceCookie(in.first.pump.FD()))
	}
	if err != nil {
		in.cfg.ns.close()
		return nil, in.error("dial", nil, err)
	}
	in.all[in.first] = struct{}{}
	in.cookie = namespaceCookie(in.first.pump.FD())
	if in.cfg.onlyOne() {
		in.turns = newTurns()
		in.requests.Store(in.first)
		in.notifications.Store(in.first)
		in.first = nil
	}
	c := &Conn{in: in}
	c.cleanup = runtime.AddCleanup(c, func(in *conn) {
		backstops.Add(1)
		in.close()
	}, in)
	return c, nil
}

// Close ends the connection, and whatever waits on it, with [net.ErrClosed]. Closing it again does nothing.
func (c *Conn) Close() error {
	if c == nil || c.in == nil {
		return nil
	}
	c.cleanup.Stop()
	c.in.close()
	return nil
}

func (in *conn) close() {
	in.mu.Lock()
	if in.closed {
		in.mu.Unlock()
		return
	}
	in.closed = true
	var open []*endpoint
	for e := range in.all {
		open = append(open, e)
	}
	in.all, in.idle, in.first = nil, nil, nil
	ns := in.cfg.ns
	in.cfg.ns = nil
	in.mu.Unlock()
	for _, e := range open {
		e.close()
	}
	ns.close()
}

// live returns the connection's inside, or why there is none.
func (c *Conn) live(op string) (*conn, error) {
	if c == nil || c.in == nil {
		return nil, &Error{Op: op, Err: fmt.Errorf("nil connection: %w", net.ErrClosed)}
	}
	return c.in, nil
}

// requestEndpoint is the socket for requests, entered.
func (in *conn) requestEndpoint() (*endpoint, error) {
	if e := in.requests.Load(); e != nil {
		return e, e.enter()
	}
	return in.assign(&in.requests, func(*endpoint) error { return nil })
}

// notificationEndpoint is the socket for notifications, entered.
func (in *conn) notificationEndpoint() (*endpoint, error) {
	if e := in.notifications.Load(); e != nil {
		return e, e.enter()
	}
	return in.assign(&in.notifications, (*endpoint).listen)
}

// assign finds a socket for a purpose: that of Dial if it has none yet, or else a new one, made ready for it.
func (in *conn) assign(to *atomic.Pointer[endpoint], prepare func(*endpoint) error) (*endpoint, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if e := to.Load(); e != nil {
		return e, e.enter()
	}
	e := in.first
	if e == nil {
		var err error
		if e, err = in.openLocked(); err != nil {
			return nil, err
		}
	}
	if err := prepare(e); err != nil {
		if e != in.first {
			delete(in.all, e)
			e.close()
		}
		return nil, err
	}
	in.first = nil
	to.Store(e)
	return e, e.enter()
}

// openLocked opens another socket.
func (in *conn) openLocked() (e *endpoint, err error) {
	if in.closed {
		return nil, net.ErrClosed
	}
	err = in.cfg.ns.do(func() (err error) {
		e, err = openEndpoint(in)
		return err
	})
	if err != nil {
		return nil, err
	}
	if in.cookie != namespaceCookie(e.pump.FD()) {
		e.close()
		return nil, errors.New("the process has moved to another network namespace since Dial; name the namespace with WithNetNS")
	}
	in.all[e] = struct{}{}
	return e, nil
}

// dumpEndpoint is a socket for one dump, entered.
func (in *conn) dumpEndpoint() (*endpoint, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if n := len(in.idle); n > 0 {
		e := in.idle[n-1]
		in.idle = slices.Delete(in.idle, n-1, n)
		return e, e.enter()
	}
	e, err := in.openLocked()
	if err != nil {
		return nil, err
	}
	return e, e.enter()
}

// dumped takes a dump's socket back, and keeps it if it is clean: nothing more is to come.
func (in *conn) dumped(e *endpoint, clean bool) {
	in.mu.Lock()
	keep := clean && !in.closed && len(in.idle) < maxIdle
	if keep {
		in.idle = append(in.idle, e)
	} else {
		delete(in.all, e)
	}
	in.mu.Unlock()
	e.leave()
	if !keep {
		e.close()
	}
}

// Port is the port ID that requests come from. The sockets for dumps and notifications have others, unless the
// connection has but one. It is 0 once the connection is closed.
func (c *Conn) Port() uint32 {
	in, err := c.live("port")
	if err != nil {
		return 0
	}
	defer runtime.KeepAlive(c)
	e, err := in.requestEndpoint()
	if err != nil {
		return 0
	}
	defer e.leave()
	return e.port
}

// ReadBuffer is the size in bytes that the receive buffer really has. The kernel counts its own bookkeeping, about as much
// again as the messages.
func (c *Conn) ReadBuffer() (int, error) { return c.buffer("read buffer", unix.SO_RCVBUF) }

// WriteBuffer is the size in bytes that the send buffer really has.
func (c *Conn) WriteBuffer() (int, error) { return c.buffer("write buffer", unix.SO_SNDBUF) }

func (c *Conn) buffer(op string, option int) (int, error) {
	in, err := c.live(op)
	if err != nil {
		return 0, err
	}
	defer runtime.KeepAlive(c)
	e, err := in.anyEndpoint()
	if err != nil {
		return 0, in.error(op, nil, err)
	}
	defer e.leave()
	n, err := unix.GetsockoptInt(e.pump.FD(), unix.SOL_SOCKET, option)
	if err != nil {
		return 0, in.error(op, nil, err)
	}
	return n, nil
}

// anyEndpoint is one of the sockets, entered, whatever it is for: they are set up alike.
func (in *conn) anyEndpoint() (*endpoint, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for e := range in.all {
		return e, e.enter()
	}
	return nil, net.ErrClosed
}

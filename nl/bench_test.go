package nl

import (
	"context"
	"encoding/binary"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// inNamespace runs a benchmark in a network namespace of its own.
func inNamespace(b *testing.B, f func(b *testing.B, c *Conn)) {
	b.Helper()
	runtime.LockOSThread() // until the process ends: the thread is of no use to others any more
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		b.Skipf("cannot make a network namespace (CAP_SYS_ADMIN needed): %v", err)
	}
	c := dial(b)
	setUpLoopback(b, c)
	f(b, c)
}

const benchRoutes = 10000

// BenchmarkDump dumps routes and reads two attributes of each, by a Conn and by bare system calls; ns/op is for all.
func BenchmarkDump(b *testing.B) {
	inNamespace(b, func(b *testing.B, c *Conn) {
		addRoutes(b, c, benchRoutes)
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
		require.NoError(b, err)
		defer func() { _ = unix.Close(fd) }()
		b.Run("nl", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if n, _ := dumpByConn(c); n != benchRoutes+3 {
					b.Fatal(n)
				}
			}
		})
		b.Run("bare", func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]byte, 32<<10)
			for b.Loop() {
				if n, _ := dumpBare(fd, buf); n != benchRoutes+3 {
					b.Fatal(n)
				}
			}
		})
	})
}

func dumpByConn(c *Conn) (n int, sum uint32) {
	for m, err := range c.Dump(context.Background(), dumpRoutes) {
		if err != nil {
			panic(err)
		}
		for a, err := range m.Attributes(unix.SizeofRtMsg) {
			if err != nil {
				panic(err)
			}
			switch a.Type {
			case unix.RTA_DST, unix.RTA_OIF:
				v, _ := a.Uint32()
				sum += v
			}
		}
		n++
	}
	return n, sum
}

func dumpBare(fd int, buf []byte) (n int, sum uint32) {
	req, _ := appendRequest(nil, dumpRoutes, unix.NLM_F_DUMP)
	if err := unix.Sendto(fd, req, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		panic(err)
	}
	for {
		size, _, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			panic(err)
		}
		for b := buf[:size]; len(b) >= unix.NLMSG_HDRLEN; {
			l := binary.NativeEndian.Uint32(b)
			if binary.NativeEndian.Uint16(b[4:]) == unix.NLMSG_DONE {
				return n, sum
			}
			for a := b[unix.NLMSG_HDRLEN+unix.SizeofRtMsg : l]; len(a) >= 4; {
				al := binary.NativeEndian.Uint16(a)
				switch binary.NativeEndian.Uint16(a[2:]) {
				case unix.RTA_DST, unix.RTA_OIF:
					sum += binary.NativeEndian.Uint32(a[4:])
				}
				a = a[min((int(al)+3)&^3, len(a)):]
			}
			n++
			b = b[min((int(l)+3)&^3, len(b)):]
		}
	}
}

// BenchmarkAck sends a request that does nothing and waits for its acknowledgement.
func BenchmarkAck(b *testing.B) {
	inNamespace(b, func(b *testing.B, c *Conn) {
		noop := Request{Type: unix.NLMSG_NOOP}
		for name, ctx := range map[string]context.Context{"background": context.Background(), "cancellable": within(b)} {
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.Execute(ctx, noop); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
		b.Run("bare", func(b *testing.B) {
			fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
			require.NoError(b, err)
			defer func() { _ = unix.Close(fd) }()
			req, _ := appendRequest(nil, noop, unix.NLM_F_ACK)
			buf := make([]byte, 4096)
			to := &unix.SockaddrNetlink{Family: unix.AF_NETLINK}
			for b.Loop() {
				if err := unix.Sendto(fd, req, 0, to); err != nil {
					b.Fatal(err)
				}
				if _, _, err := unix.Recvfrom(fd, buf, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	})
}

// BenchmarkBatch adds and deletes routes, ns/op being for one request: many at a time, and one after the other.
func BenchmarkBatch(b *testing.B) {
	inNamespace(b, func(b *testing.B, c *Conn) {
		add := routes(benchRoutes)
		del := routes(benchRoutes)
		for i := range del {
			del[i].Type, del[i].Flags = unix.RTM_DELROUTE, 0
		}
		one := func(reqs []Request) error {
			for _, r := range reqs {
				if _, err := c.Execute(context.Background(), r); err != nil {
					return err
				}
			}
			return nil
		}
		many := func(reqs []Request) error {
			_, err := c.Batch(context.Background(), reqs)
			return err
		}
		for name, run := range map[string]func([]Request) error{"batch": many, "execute": one} {
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					require.NoError(b, run(add))
					require.NoError(b, run(del))
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2/benchRoutes, "ns/request")
			})
		}
	})
}

package nl

import (
	"fmt"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// namespace is the network namespace that a connection opens its sockets in; nil is the process's own.
type namespace struct {
	file *os.File
}

func openNamespace(path string) (*namespace, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the network namespace: %w", err)
	}
	return &namespace{f}, nil
}

func dupNamespace(fd int) (*namespace, error) {
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("descriptor %d of a network namespace: %w", fd, err)
	}
	return &namespace{os.NewFile(uintptr(own), "netns")}, nil
}

// hereIfElsewhere is the namespace of the calling thread, nil if threads that nobody has locked are in it too: a socket
// that is opened later can then be opened on any of those. cookie is what the kernel calls the thread's namespace, 0 if it
// does not say.
func hereIfElsewhere(cookie uint64) *namespace {
	if cookie != 0 && cookie == processCookie() {
		return nil
	}
	ns, err := openNamespace(threadNamespace)
	if err != nil {
		return nil // without /proc; what is opened elsewhere is found out by its cookie
	}
	return ns
}

const threadNamespace = "/proc/thread-self/ns/net"

// processCookie is the network namespace of threads that nobody has locked, 0 if that is not known.
var processCookie = sync.OnceValue(func() (cookie uint64) {
	_ = (*namespace)(nil).do(func() error {
		fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
		if err != nil {
			return err
		}
		cookie = namespaceCookie(fd)
		return unix.Close(fd)
	})
	return cookie
})

// namespaceCookie is the number of a socket's network namespace; 0 where the kernel has no such thing.
func namespaceCookie(fd int) uint64 {
	cookie, _ := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE)
	return cookie
}

func (n *namespace) close() {
	if n != nil {
		_ = n.file.Close()
	}
}

// do runs f on a thread that is in the namespace, whatever the caller's thread is in.
func (n *namespace) do(f func() error) error {
	done := make(chan error, 1)
	go func() {
		if n != nil {
			done <- n.inside(f)
		} else {
			done <- f() // a new goroutine does not run on a thread that somebody has locked
		}
	}()
	return <-done
}

// inside runs f with the calling goroutine's thread in the namespace.
func (n *namespace) inside(f func() error) error {
	runtime.LockOSThread()
	before, err := os.Open(threadNamespace)
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("open the thread's own network namespace: %w", err)
	}
	defer func() { _ = before.Close() }()
	if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter the network namespace (this needs CAP_SYS_ADMIN): %w", err)
	}
	err = f()
	if unix.Setns(int(before.Fd()), unix.CLONE_NEWNET) == nil {
		runtime.UnlockOSThread()
	} // else the thread is of no use to others, and ends with the goroutine, which has it locked
	return err
}

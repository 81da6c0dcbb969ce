package nl

import (
	"fmt"
	"os"
	"runtime"

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

// hereIfElsewhere is the namespace of the calling thread, nil if that is the process's.
func hereIfElsewhere() *namespace {
	const thread, process = "/proc/thread-self/ns/net", "/proc/self/ns/net"
	var t, p unix.Stat_t
	if unix.Stat(thread, &t) != nil || unix.Stat(process, &p) != nil || t.Ino == p.Ino && t.Dev == p.Dev {
		return nil
	}
	ns, err := openNamespace(thread)
	if err != nil {
		return nil
	}
	return ns
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
		if n == nil {
			done <- f() // a new goroutine does not run on a thread that somebody has locked
			return
		}
		runtime.LockOSThread()
		before, err := os.Open("/proc/thread-self/ns/net")
		if err != nil {
			runtime.UnlockOSThread()
			done <- fmt.Errorf("open the thread's own network namespace: %w", err)
			return
		}
		defer func() { _ = before.Close() }()
		if err := unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET); err != nil {
			runtime.UnlockOSThread()
			done <- fmt.Errorf("enter the network namespace (this needs CAP_SYS_ADMIN): %w", err)
			return
		}
		err = f()
		if unix.Setns(int(before.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		} // else the thread is of no use to others, and ends with the goroutine, which has it locked
		done <- err
	}()
	return <-done
}

//go:build vm

package kmodtest_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/kmod/uapi"
	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/genl"
)

// Modules are loaded and unloaded while programs connect, listen, speak and leave.
func TestLoadAndUnload(t *testing.T) {
	const times, listeners = 100, 3
	// Each knock on a closed door would make the kernel start a program that looks for the module.
	const modprobe = "/proc/sys/kernel/modprobe"
	program, err := os.ReadFile(modprobe)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(modprobe, []byte("\n"), 0))
	t.Cleanup(func() { require.NoError(t, os.WriteFile(modprobe, program, 0)) })
	for _, c := range []struct {
		module string
		params []string
		visit  func(sk *libnl.Socket) error
	}{
		{"nl_greeting", []string{"period_ms=1"}, func(sk *libnl.Socket) error {
			return errs(sk.Connect(greetingProtocol), sk.AddMembership(greetingGroup), received(sk))
		}},
		{"nl_hello", []string{"period_ms=1"}, func(sk *libnl.Socket) error {
			err := sk.Connect(helloProtocol)
			if err == nil {
				_, err = sk.SendSimple(uapi.NL_HELLO_MSG, 0, []byte("hello"))
			}
			return errs(err, received(sk))
		}},
		{"dummy_netlink", []string{"b_grp=1", "period_ms=1"}, func(sk *libnl.Socket) error {
			return errs(sk.Connect(dummyProtocol), sk.AddMembership(1), received(sk))
		}},
		{"nl_genl_demo", nil, func(sk *libnl.Socket) error {
			err := genl.Connect(sk)
			family, ferr := genl.CtrlResolve(sk, uapi.NL_GENL_DEMO_NAME)
			if err = errs(err, ferr); err == nil {
				_, err = genl.SendSimple(sk, family, uapi.NL_GENL_DEMO_CMD_GET, 1, libnl.NLM_F_DUMP)
			}
			return errs(err, received(sk))
		}},
	} {
		t.Run(c.module, func(t *testing.T) {
			t.Parallel() // most of loading is waiting
			var visits, closed atomic.Int64
			var wg sync.WaitGroup
			done := make(chan struct{})
			for range listeners {
				wg.Go(func() {
					for over := false; !over; {
						sk, err := libnl.SocketAlloc()
						if !assert.NoError(t, err) {
							return
						}
						err = c.visit(sk)
						assert.NoError(t, sk.Free())
						switch {
						case err == nil:
							visits.Add(1)
						// There is no such protocol or family, or no more.
						case errors.Is(err, libnl.NLE_PROTO_MISMATCH), errors.Is(err, libnl.NLE_OBJ_NOTFOUND),
							errors.Is(err, libnl.NLE_OPNOTSUPP), errors.Is(err, libnl.NLE_AGAIN):
							closed.Add(1)
						default:
							assert.NoError(t, err)
						}
						select {
						case <-done:
							over = true
						case <-time.After(2 * time.Millisecond):
						}
					}
				})
			}
			for range times {
				require.NoError(t, insmod(c.module, c.params...))
				time.Sleep(time.Millisecond)
				require.NoError(t, rmmod(c.module))
			}
			close(done)
			wg.Wait()
			t.Logf("%d visits, %d to a closed door", visits.Load(), closed.Load())
			require.Positive(t, visits.Load())
			require.Positive(t, closed.Load())
		})
	}
}

// received waits a little for a message.
func received(sk *libnl.Socket) error {
	if sk.GetFd() < 0 {
		return nil // the error before this one tells why
	}
	tv := unix.Timeval{Usec: 5000}
	err := unix.SetsockoptTimeval(sk.GetFd(), unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv)
	return errs(err, sk.DisableSeqCheck(), sk.RecvmsgsDefault())
}

// Who asks for the protocol or the family makes the kernel load the module, once it is installed.
func TestAutoload(t *testing.T) {
	var u unix.Utsname
	require.NoError(t, unix.Uname(&u))
	dir := filepath.Join("/lib/modules", unix.ByteSliceToString(u.Release[:]), "updates")
	depmod := func() {
		out, err := exec.Command("/sbin/depmod").CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	modules := []string{"nl_greeting", "nl_hello", "dummy_netlink", "nl_genl_demo"}
	require.NoError(t, os.Mkdir(dir, 0o755))
	t.Cleanup(func() {
		require.NoError(t, os.RemoveAll(dir))
		depmod()
		for _, m := range modules {
			require.NoError(t, rmmod(m))
		}
	})
	for _, m := range modules {
		require.NoError(t, os.Symlink(filepath.Join("/kmod", m+".ko"), filepath.Join(dir, m+".ko")))
	}
	depmod()
	for _, protocol := range []int{greetingProtocol, helloProtocol, dummyProtocol} {
		require.NoError(t, dial(t, protocol).Free())
	}
	_, err := genl.CtrlResolve(dial(t, libnl.NETLINK_GENERIC).Socket, uapi.NL_GENL_DEMO_NAME)
	require.NoError(t, err)
}

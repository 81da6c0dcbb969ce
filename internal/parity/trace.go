//go:build linux && cgo

package parity

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"strings"
	"syscall"

	"github.com/golibnl/golibnl/libnl"
)

const nlmsgerrLen = 4 + libnl.NLMSG_HDRLEN

func (t *twin) trace(format string, args ...any) { fmt.Fprintf(&t.out, format, args...) }

func (t *twin) traceSeq(what string, seq uint32) {
	switch d := int32(seq - t.base); {
	case seq == 0:
		t.trace(" %s=0", what)
	case d > -1000 && d < 1000:
		t.trace(" %s=%+d", what, d)
	default:
		t.trace(" %s=%d", what, seq)
	}
}

func (t *twin) port(port uint32) string {
	switch {
	case t.api != nil:
		return t.api.portName(port)
	case port != 0 && port == t.self:
		return "self"
	case port != 0 && port == t.peer:
		return "peer"
	}
	return fmt.Sprint(port)
}

func (t *twin) traceHead(h *libnl.Nlmsghdr) {
	t.trace(" len=%d type=0x%x flags=0x%x", h.NlmsgLen, h.NlmsgType, h.NlmsgFlags)
	t.traceSeq("seq", h.NlmsgSeq)
	t.trace(" pid=%s", t.port(h.NlmsgPid))
	p := append([]byte(nil), h.Data()...)
	if h.NlmsgType == libnl.NLMSG_ERROR && len(p) >= nlmsgerrLen {
		quoted := p[4:nlmsgerrLen]
		t.trace(" error=%d", int32(binary.NativeEndian.Uint32(p)))
		t.traceSeq("of", binary.NativeEndian.Uint32(quoted[8:]))
		t.trace(" by=%s", t.port(binary.NativeEndian.Uint32(quoted[12:])))
		clear(quoted[8:])
	}
	hash := fnv.New32a()
	hash.Write(p)
	t.trace(" hash=%08x", hash.Sum32())
}

func (t *twin) traceAddr(a libnl.SockaddrNl) {
	t.trace(" from=%d/%s/%d", a.NlFamily, t.port(a.NlPid), a.NlGroups)
}

func (t *twin) traceCreds(c *libnl.Ucred) {
	switch {
	case c == nil:
	case int(c.Pid) == os.Getpid():
		t.trace(" creds=me/%d/%d", c.Uid, c.Gid)
	default:
		t.trace(" creds=%d/%d/%d", c.Pid, c.Uid, c.Gid)
	}
}

func (t *twin) traceStream(what string, b []byte) {
	t.trace("%s bytes=%d\n", what, len(b))
	for h := range libnl.NlmsgForEach(b) {
		t.trace("%s", what)
		t.traceHead(h)
		t.trace("\n")
	}
}

// traceRet writes what a call returned as C returns it: negative codes, all of them if there are several.
func (t *twin) traceRet(what string, n int, err error) {
	t.trace("%s = %s", what, resultOf(n, err))
	var errno syscall.Errno
	if errors.As(err, &errno) {
		t.trace(" errno=%d", int(errno))
	}
	t.trace("\n")
}

func resultOf(n int, err error) string {
	if err == nil {
		return fmt.Sprint(n)
	}
	if errors.Is(err, libnl.ErrBusy) {
		return "busy"
	}
	var all []string
	for _, e := range codesIn(err) {
		all = append(all, fmt.Sprint(-int(e)))
	}
	if all == nil {
		return "error"
	}
	return strings.Join(all, "&")
}

// codesIn finds libnl's codes in a tree of errors.
func codesIn(err error) []libnl.Error {
	switch e := err.(type) { //nolint:errorlint // each node is looked at, the wrapped ones too
	case nil:
		return nil
	case libnl.Error:
		return []libnl.Error{e}
	case interface{ Unwrap() error }:
		return codesIn(e.Unwrap())
	case interface{ Unwrap() []error }:
		var all []libnl.Error
		for _, sub := range e.Unwrap() {
			all = append(all, codesIn(sub)...)
		}
		return all
	}
	return nil
}

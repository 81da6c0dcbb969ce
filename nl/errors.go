package nl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// ErrOverrun says that the kernel dropped messages because a receive buffer was full. A request that was in flight may
// have been carried out: its error is [ErrUnknownOutcome] too. A subscription has missed events. Enlarge the buffer, and
// read the state again.
var ErrOverrun = errors.New("messages were lost since the receive buffer was full")

// ErrUnknownOutcome says that a request was sent, and that its answer was lost or not waited for: the kernel may have
// carried it out, or may yet.
var ErrUnknownOutcome = errors.New("the outcome is unknown")

// ErrNotSent says that a request of a batch was not sent, since the batch was stopped before it.
var ErrNotSent = errors.New("not sent")

// ErrDumpInterrupted says that what was being dumped changed meanwhile, NLM_F_DUMP_INTR: entries may be missing or
// doubled. Dump again.
var ErrDumpInterrupted = errors.New("the dump was interrupted by a change")

// ErrBusy says that something else has to end before the call can be made, such as the dump whose loop it is made in on
// a connection that has but one socket.
var ErrBusy = errors.New("busy with another exchange")

// ErrMalformed says that bytes are not what netlink's format asks for.
var ErrMalformed = errors.New("malformed")

// Error is an exchange that failed: what was asked, what the kernel said to it, and where in the request it points.
//
// [errors.Is] compares it with an errno (unix.EEXIST), with [fs.ErrNotExist] (which ENOENT, ENODEV, ENXIO, ESRCH and the
// deletion of an address that is not there are), [fs.ErrExist], [fs.ErrPermission], [errors.ErrUnsupported], and, where
// that is the cause, with [os.ErrDeadlineExceeded], [net.ErrClosed], the errors of package context, and the Err variables
// of this package.
//
// What the kernel says beyond an errno is its extended acknowledgement; it depends on the kernel and on who answers, and
// each part may be missing.
type Error struct {
	Op     string // what was being done, such as "execute"
	Family int    // the netlink family, such as unix.NETLINK_ROUTE

	// From the header of the request; all 0 if there was none.
	Type  uint16
	Flags uint16
	Seq   uint32

	Errno syscall.Errno // the kernel's answer; 0 if it did not come to one
	Err   error         // why there is no answer, or what is wrong with it; mostly nil

	Message string // the kernel's words
	Offset  int    // of the attribute that it is about, in bytes from the start of the request's header; 0 for none
	Path    Path   // that attribute's place; nil if there is none, or if the request can be read in more than one way

	MissingType uint16 // the attribute that the request lacks; 0 for none
	MissingIn   int    // the offset of the nest that lacks it, as Offset; 0 for the top level
	MissingPath Path   // that nest's place; nil for the top level, or as Path

	Policy *Policy // what the attribute has to be like; nil if the kernel did not say
	Cookie []byte  // what the request was answered with, for some families; opaque
}

// Error returns one line: the operation, the request, the kernel's answer, the attribute, and what can be done.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("nl: ")
	b.WriteString(strings.TrimSpace(e.Op + " " + e.request()))
	sep := ": "
	if e.Err != nil {
		b.WriteString(sep + e.Err.Error())
	}
	if e.Errno != 0 {
		b.WriteString(sep + errnoText(e.Errno))
	}
	if e.Message != "" {
		b.WriteString(sep + strings.TrimSpace(oneLine(e.Message)))
	}
	if e.Offset != 0 {
		b.WriteString("; " + place(e.Path, e.Offset))
	}
	if e.Policy != nil {
		fmt.Fprintf(&b, "; the kernel wants %v", e.Policy)
	}
	if e.MissingType != 0 {
		fmt.Fprintf(&b, "; attribute %d is missing", e.MissingType)
		if e.MissingIn != 0 {
			b.WriteString(" in " + place(e.MissingPath, e.MissingIn))
		}
	}
	if h := e.hint(); h != "" {
		b.WriteString(" (" + h + ")")
	}
	return b.String()
}

func place(p Path, offset int) string {
	if p == nil {
		return fmt.Sprintf("attribute at byte %d", offset)
	}
	return fmt.Sprintf("attribute %v at byte %d", p, offset)
}

// oneLine replaces what would break a line, since some of the kernel's messages end in one.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s)
}

func errnoText(errno syscall.Errno) string {
	name := unix.ErrnoName(errno)
	switch {
	case errno == unix.EOPNOTSUPP:
		name = "EOPNOTSUPP" // the kernel's name; package unix has ENOTSUP
	case name == "":
		return errno.Error()
	}
	return errno.Error() + ", " + name
}

// request is the request's name, or what there is of it.
func (e *Error) request() string {
	if e.Type == 0 {
		return ""
	}
	if name := requestName(e.Family, e.Type); name != "" {
		return name
	}
	return fmt.Sprintf("type %d", e.Type)
}

// Unwrap returns the cause and the errno, those that there are.
func (e *Error) Unwrap() []error {
	var errs []error
	if e.Err != nil {
		errs = append(errs, e.Err)
	}
	if e.Errno != 0 {
		errs = append(errs, e.Errno)
	}
	return errs
}

// absent are the errnos that say that something is not there, besides ENOENT.
var absent = []syscall.Errno{unix.ENODEV, unix.ENXIO, unix.ESRCH}

// Is adds to what the cause and the errno are.
func (e *Error) Is(target error) bool {
	switch target {
	case fs.ErrNotExist: // ENOENT is one by itself
		return slices.Contains(absent, e.Errno) || e.Errno == unix.EADDRNOTAVAIL && e.Type == unix.RTM_DELADDR && e.Family == unix.NETLINK_ROUTE
	case os.ErrDeadlineExceeded:
		return errors.Is(e.Err, context.DeadlineExceeded)
	}
	return false
}

// Timeout reports whether a deadline passed, or the kernel says that one did.
func (e *Error) Timeout() bool {
	return e.Errno == unix.ETIMEDOUT || errors.Is(e.Err, context.DeadlineExceeded) || errors.Is(e.Err, os.ErrDeadlineExceeded)
}

// hints are what an operator can do about an errno.
var hints = map[syscall.Errno]string{
	unix.EPERM:           "this needs CAP_NET_ADMIN in the user namespace that owns the network namespace",
	unix.EACCES:          "this needs CAP_NET_ADMIN in the user namespace that owns the network namespace",
	unix.ENODEV:          "check the interface, and that the network namespace is the right one",
	unix.ENXIO:           "check the interface, and that the network namespace is the right one",
	unix.ENOENT:          "it is not there; check its name and the network namespace",
	unix.ESRCH:           "nothing matches; it may be gone already",
	unix.EEXIST:          "it is there already; NLM_F_REPLACE changes it",
	unix.EOPNOTSUPP:      "the kernel, driver or module cannot do this; check that the module is loaded",
	unix.EPROTONOSUPPORT: "the kernel has no such netlink family; load the module that brings it",
	unix.EAFNOSUPPORT:    "the kernel has no such address family; load the module that brings it",
	unix.EBUSY:           "it is in use; try again later, or take away what uses it",
	unix.EAGAIN:          "try again",
	unix.EINTR:           "try again",
	unix.ENOBUFS:         "a buffer or a table is full; enlarge it, or try again",
	unix.ENOMEM:          "the kernel is out of memory or at a limit; try again, or raise the limit",
	unix.EMSGSIZE:        "a message is too long for the buffer that it has to fit in; ask for less, or enlarge it",
	unix.EMFILE:          "too many open files; raise the limit (ulimit -n)",
	unix.ENFILE:          "too many open files; raise the limit (sysctl fs.file-max)",
	unix.ENETUNREACH:     "the gateway is not reachable; check the addresses and routes of the interface",
	unix.ENETDOWN:        "set the interface up first",
	unix.EADDRNOTAVAIL:   "the address is not there",
	unix.EADDRINUSE:      "another socket of the family has it in this network namespace",
	unix.ECONNREFUSED:    "no socket has that port ID in this network namespace, or the module or process that had it is gone",
}

// causes are what an operator can do about an error that is not the kernel's answer.
var causes = []struct {
	err  error
	hint string
}{
	{ErrOverrun, "enlarge the receive buffer or read faster, and read the state again"},
	{ErrDumpInterrupted, "dump again"},
	{ErrUnknownOutcome, "read the state before repeating the request"},
}

func (e *Error) hint() string {
	for _, c := range causes {
		if errors.Is(e.Err, c.err) {
			return c.hint
		}
	}
	if e.Family == unix.NETLINK_GENERIC && e.Type == unix.GENL_ID_CTRL && e.Errno == unix.ENOENT {
		return "the kernel has no such family; load the module that brings it"
	}
	if e.Errno == unix.EINVAL && e.Type != 0 && e.Message == "" && e.Offset == 0 && e.MissingType == 0 {
		return "the kernel does not say what is wrong; check the attributes and flags of the request"
	}
	errno := e.Errno
	if errno == 0 && !errors.As(e.Err, &errno) {
		return ""
	}
	return hints[errno]
}

package nl_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/nl"
)

func TestErrorIs(t *testing.T) {
	kinds := []error{fs.ErrNotExist, fs.ErrExist, fs.ErrPermission, errors.ErrUnsupported, os.ErrDeadlineExceeded, net.ErrClosed,
		context.Canceled, context.DeadlineExceeded, nl.ErrOverrun, nl.ErrUnknownOutcome, nl.ErrDumpInterrupted, nl.ErrBusy, nl.ErrMalformed}
	for name, c := range map[string]struct {
		err  nl.Error
		want []error
	}{
		"ENOENT":        {nl.Error{Errno: unix.ENOENT}, []error{fs.ErrNotExist}},
		"ENODEV":        {nl.Error{Errno: unix.ENODEV}, []error{fs.ErrNotExist}},
		"ENXIO":         {nl.Error{Errno: unix.ENXIO}, []error{fs.ErrNotExist}},
		"ESRCH":         {nl.Error{Errno: unix.ESRCH}, []error{fs.ErrNotExist}},
		"DELADDR":       {nl.Error{Errno: unix.EADDRNOTAVAIL, Type: unix.RTM_DELADDR}, []error{fs.ErrNotExist}},
		"EADDRNOTAVAIL": {nl.Error{Errno: unix.EADDRNOTAVAIL, Type: unix.RTM_NEWROUTE}, nil},
		"not DELADDR":   {nl.Error{Errno: unix.EADDRNOTAVAIL, Type: unix.RTM_DELADDR, Family: unix.NETLINK_GENERIC}, nil},
		"EEXIST":        {nl.Error{Errno: unix.EEXIST}, []error{fs.ErrExist}},
		"EPERM":         {nl.Error{Errno: unix.EPERM}, []error{fs.ErrPermission}},
		"EACCES":        {nl.Error{Errno: unix.EACCES}, []error{fs.ErrPermission}},
		"EOPNOTSUPP":    {nl.Error{Errno: unix.EOPNOTSUPP}, []error{errors.ErrUnsupported}},
		"EINVAL":        {nl.Error{Errno: unix.EINVAL}, nil},
		"deadline":      {nl.Error{Err: context.DeadlineExceeded}, []error{context.DeadlineExceeded, os.ErrDeadlineExceeded}},
		"canceled":      {nl.Error{Err: context.Canceled}, []error{context.Canceled}},
		"closed":        {nl.Error{Err: net.ErrClosed}, []error{net.ErrClosed}},
		"os deadline":   {nl.Error{Err: os.ErrDeadlineExceeded}, []error{os.ErrDeadlineExceeded}},
		"overrun": {nl.Error{Err: fmt.Errorf("%w; %w", nl.ErrOverrun, nl.ErrUnknownOutcome), Errno: unix.ENOBUFS},
			[]error{nl.ErrOverrun, nl.ErrUnknownOutcome}},
		"interrupted": {nl.Error{Err: nl.ErrDumpInterrupted}, []error{nl.ErrDumpInterrupted}},
		"nothing":     {nl.Error{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			err := fmt.Errorf("wrapped: %w", &c.err)
			for _, kind := range kinds {
				want := false
				for _, w := range c.want {
					want = want || errors.Is(w, kind)
				}
				require.Equal(t, want, errors.Is(err, kind), "%v", kind)
			}
			for _, errno := range []syscall.Errno{unix.ENOENT, unix.EEXIST, unix.EINVAL, unix.ENOBUFS, unix.ESRCH, unix.EPERM} {
				require.Equal(t, c.err.Errno == errno, errors.Is(err, errno))
			}
			require.Equal(t, errors.Is(err, os.ErrDeadlineExceeded), c.err.Timeout())
			var e *nl.Error
			require.ErrorAs(t, err, &e)
		})
	}
	require.True(t, (&nl.Error{Errno: unix.ETIMEDOUT}).Timeout())
}

func TestErrorLine(t *testing.T) {
	for want, e := range map[string]nl.Error{
		"nl: execute type 999: no such file or directory, ENOENT (it is not there; check its name and the network namespace)": {Op: "execute", Family: unix.NETLINK_GENERIC, Type: 999, Errno: unix.ENOENT},
		"nl: execute RTM_GETLINK: context canceled": {Op: "execute", Type: unix.RTM_GETLINK, Err: context.Canceled},
		"nl: dial: protocol not supported, EPROTONOSUPPORT (the kernel has no such netlink family; load the module that brings it)": {Op: "dial", Errno: unix.EPROTONOSUPPORT},
		"nl: execute RTM_NEWROUTE: messages were lost since the receive buffer was full: no buffer space available, ENOBUFS (enlarge the receive buffer or read faster, and read the state again)": {
			Op: "execute", Type: unix.RTM_NEWROUTE, Err: nl.ErrOverrun, Errno: unix.ENOBUFS},
		"nl: execute RTM_NEWLINK: invalid argument, EINVAL (the kernel does not say what is wrong; check the attributes and flags of the request)": {
			Op: "execute", Type: unix.RTM_NEWLINK, Errno: unix.EINVAL},
		"nl: execute RTM_NEWLINK: invalid argument, EINVAL; attribute 3 is missing": {Op: "execute", Type: unix.RTM_NEWLINK, Errno: unix.EINVAL, MissingType: 3},
		"nl: execute RTM_NEWLINK: invalid argument, EINVAL: two lines":              {Op: "execute", Type: unix.RTM_NEWLINK, Errno: unix.EINVAL, Message: "two\nlines\n"},
		"nl: execute type 3: errno 4095":                                            {Op: "execute", Type: 3, Errno: 4095},
	} {
		require.EqualError(t, &e, want)
	}
}

func TestPolicyString(t *testing.T) {
	for want, p := range map[string]nl.Policy{
		"u8":                            {Type: unix.NL_ATTR_TYPE_U8, MaxU: 255},
		"u16 of 1 or more":              {Type: unix.NL_ATTR_TYPE_U16, MinU: 1, MaxU: 65535},
		"u32 of 3 or less":              {Type: unix.NL_ATTR_TYPE_U32, MaxU: 3},
		"u64 from 1 to 3":               {Type: unix.NL_ATTR_TYPE_U64, MinU: 1, MaxU: 3},
		"u32 of the bits 0x7":           {Type: unix.NL_ATTR_TYPE_U32, Mask: 7},
		"uint":                          {Type: 17, MaxU: 1<<64 - 1},
		"s8":                            {Type: unix.NL_ATTR_TYPE_S8, MinS: -128, MaxS: 127},
		"s32 from -1 to 1":              {Type: unix.NL_ATTR_TYPE_S32, MinS: -1, MaxS: 1},
		"s64 of -1 or less":             {Type: unix.NL_ATTR_TYPE_S64, MinS: -1 << 63, MaxS: -1},
		"sint of 0 or more":             {Type: 16, MaxS: 1<<63 - 1},
		"bytes of length 16":            {Type: unix.NL_ATTR_TYPE_BINARY, MinLen: 16, MaxLen: 16},
		"bytes of length 4 to 16":       {Type: unix.NL_ATTR_TYPE_BINARY, MinLen: 4, MaxLen: 16},
		"bytes of length 4 or more":     {Type: unix.NL_ATTR_TYPE_BINARY, MinLen: 4},
		"a string of length 15 or less": {Type: unix.NL_ATTR_TYPE_STRING, MaxLen: 15},
		"a bitfield32 of the bits 0x3":  {Type: unix.NL_ATTR_TYPE_BITFIELD32, Bitfield32Mask: 3},
		"a nest":                        {Type: unix.NL_ATTR_TYPE_NESTED, Index: 2, MaxType: 9},
		"a flag":                        {Type: unix.NL_ATTR_TYPE_FLAG},
		"type 99":                       {Type: 99},
		"type 4294967295 from 1 to 2":   {Type: 1<<32 - 1, MinU: 1, MaxU: 2},
		"no such attribute":             {},
		"a string with a NUL":           {Type: unix.NL_ATTR_TYPE_NUL_STRING},
		"an array of nests of length 1": {Type: unix.NL_ATTR_TYPE_NESTED_ARRAY, MinLen: 1, MaxLen: 1},
	} {
		require.Equal(t, want, p.String())
	}
}

//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/nl"
)

// sizeofRtgenmsg is the size of a struct rtgenmsg, an address family, with its padding.
const sizeofRtgenmsg = 4

// identify returns the ID of a network namespace in that of the connection, and has the kernel give it one if it has none.
func identify(ctx context.Context, c *nl.Conn, path string) (int, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = f.Close() }()

	e := nl.NewEncoder(make([]byte, sizeofRtgenmsg))
	e.Uint32(unix.NETNSA_FD, uint32(f.Fd()))
	which, err := e.Result()
	if err != nil {
		return 0, err
	}
	e = nl.NewEncoder(which[:len(which):len(which)])
	e.Int32(unix.NETNSA_NSID, -1) // any
	request, err := e.Result()
	if err != nil {
		return 0, err
	}
	_, err = c.Execute(ctx, nl.Request{Type: unix.RTM_NEWNSID, Payload: request})
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return 0, fmt.Errorf("giving %s an ID: %w", path, err)
	}
	reply, err := c.Execute(ctx, nl.Request{Type: unix.RTM_GETNSID, Payload: which})
	if err != nil {
		return 0, fmt.Errorf("asking for the ID of %s: %w", path, err)
	}
	for _, m := range reply.Messages {
		for a, err := range m.Attributes(sizeofRtgenmsg) {
			if err != nil {
				return 0, err
			}
			if a.Type == unix.NETNSA_NSID {
				id, err := a.Int32()
				return int(id), err
			}
		}
	}
	return 0, fmt.Errorf("the kernel did not say which ID %s has", path)
}

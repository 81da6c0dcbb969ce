//go:build linux

// Add-address adds an IP address to a network device. It needs CAP_NET_ADMIN: be root, or try it under `unshare -rn`.
//
//	go run ./examples/add-address 192.0.2.1/24 lo
//	go run ./examples/add-address -label lo:a-label-that-is-too-long 192.0.2.2/24 lo
//
// The second fails, and shows what an error of package nl says: the kernel's words, the attribute of the request that they
// are about, and what the kernel wants there.
package main

import (
	"context"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/examples/internal/rtlink"
	"github.com/golibnl/golibnl/nl"
)

var (
	label   = flag.String("label", "", "label of an IPv4 address: the device's name, and more")
	replace = flag.Bool("replace", false, "change the address if it is there already")
)

func main() {
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "Usage: add-address [flags] ADDRESS/PREFIXLENGTH DEVICE")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 2 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(context.Background(), flag.Arg(0), flag.Arg(1)); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		explain(err)
		os.Exit(1)
	}
}

func run(ctx context.Context, address, device string) error {
	prefix, err := netip.ParsePrefix(address)
	if err != nil {
		return err
	}
	c, err := nl.Dial(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer c.Close()
	link, err := rtlink.ByName(ctx, c, device)
	if err != nil {
		return fmt.Errorf("looking up %s: %w", device, err)
	}
	request, err := add(prefix, link.Index)
	if err != nil {
		return err
	}
	reply, err := c.Execute(ctx, request)
	if err != nil {
		return fmt.Errorf("adding %v to %s: %w", prefix, device, err)
	}
	if reply.Warning != "" {
		fmt.Println("The kernel warns:", reply.Warning)
	}
	fmt.Printf("Added %v to %s\n", prefix, link.Name)
	return nil
}

// add is the request to add an address to the device of a number.
func add(prefix netip.Prefix, device int) (nl.Request, error) {
	family := uint8(unix.AF_INET)
	if prefix.Addr().Is6() {
		family = unix.AF_INET6
	}
	header, err := binary.Append(nil, binary.NativeEndian,
		unix.IfAddrmsg{Family: family, Prefixlen: uint8(prefix.Bits()), Index: uint32(device)})
	if err != nil {
		return nl.Request{}, err
	}
	e := nl.NewEncoder(header)
	e.Addr(unix.IFA_LOCAL, prefix.Addr())
	e.Addr(unix.IFA_ADDRESS, prefix.Addr())
	if *label != "" {
		e.String(unix.IFA_LABEL, *label)
	}
	payload, err := e.Result()
	flags := uint16(unix.NLM_F_CREATE | unix.NLM_F_EXCL)
	if *replace {
		flags = unix.NLM_F_CREATE | unix.NLM_F_REPLACE
	}
	return nl.Request{Type: unix.RTM_NEWADDR, Flags: flags, Payload: payload}, err
}

// explain prints the parts of what the kernel said. The error's own text has all of them, in one line.
func explain(err error) {
	var e *nl.Error
	if !errors.As(err, &e) {
		return
	}
	if e.Message != "" {
		fmt.Fprintf(os.Stderr, "  the kernel's words:  %s\n", e.Message)
	}
	if e.Path != nil {
		fmt.Fprintf(os.Stderr, "  about the attribute: %v (at byte %d of the request)\n", e.Path, e.Offset)
	}
	if e.Policy != nil {
		fmt.Fprintf(os.Stderr, "  which should be:     %v\n", e.Policy)
	}
}

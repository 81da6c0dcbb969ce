//go:build linux

// Genl-ctrl-list lists the families of generic netlink, byte for byte as libnl's tool of that name. It needs no privilege.
//
//	go run ./examples/genl-ctrl-list -d
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/golibnl/golibnl/libnl"
	"github.com/golibnl/golibnl/libnl/genl"
)

func main() {
	params := options()

	sk, err := libnl.SocketAlloc()
	check(err, "allocate netlink socket")
	defer sk.Free()
	check(sk.Connect(libnl.NETLINK_GENERIC), "connect netlink socket")
	families, err := genl.CtrlAllocCache(sk) // asks for all families, and waits for them
	check(err, "allocate generic netlink family cache")
	defer families.Put()
	check(families.Dump(params), "write the list")
}

// options reads the command line. Of several options the last one counts, as in the tool.
func options() *libnl.DumpParams {
	params := &libnl.DumpParams{DpType: libnl.NL_DUMP_LINE, DpFd: os.Stdout}

	details := func(string) error {
		params.DpType = libnl.NL_DUMP_DETAILS
		return nil
	}
	format := func(name string) error {
		switch strings.ToLower(name) {
		case "brief":
			params.DpType = libnl.NL_DUMP_LINE
		case "details", "detailed":
			params.DpType = libnl.NL_DUMP_DETAILS
		case "stats":
			params.DpType = libnl.NL_DUMP_STATS
		default:
			fatal(int(syscall.EINVAL), "Invalid dump type %q.\n", name)
		}
		return nil
	}
	version := func(string) error {
		compiled, running := libnl.Version()
		fmt.Printf("libnl %s, compiled with %s\n", running, compiled)
		os.Exit(0)
		return nil
	}
	for _, name := range []string{"d", "details"} {
		flag.BoolFunc(name, "tell the operations and the groups, too", details)
	}
	for _, name := range []string{"f", "format"} {
		flag.Func(name, "brief, details or stats", format)
	}
	for _, name := range []string{"v", "version"} {
		flag.BoolFunc(name, "tell the version of libnl", version)
	}
	flag.Parse()
	return params
}

// check ends the program if there is an error: its exit status is libnl's code, as that of the tool is.
func check(err error, what string) {
	if err == nil {
		return
	}
	var code libnl.Error
	if !errors.As(err, &code) {
		code = libnl.NLE_FAILURE
	}
	fatal(int(code), "Unable to %s: %s", what, libnl.Geterror(code))
}

func fatal(status int, format string, args ...any) {
	fmt.Fprintf(os.Stderr, "Error: "+format+"\n", args...)
	os.Exit(status)
}

//go:build linux

// Nl-addr tells the name of the host that has an address, as libnl's tool nl-util-addr. It needs no privilege.
//
//	go run ./examples/nl-addr 127.0.0.1
package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "Usage: nl-addr <address>")
		os.Exit(255)
	}
	text := os.Args[1]

	addr, err := libnl.AddrParse(text, unix.AF_UNSPEC) // an address of any family, with or without a prefix length
	check(err, "parse", text)
	defer addr.Put()
	host, err := addr.Resolve() // may ask a name server
	check(err, "resolve", text)
	fmt.Println(host)
}

// check ends the program if there is an error: its exit status is libnl's code, as that of the tool is.
func check(err error, what, text string) {
	if err == nil {
		return
	}
	var code libnl.Error
	if !errors.As(err, &code) {
		code = libnl.NLE_FAILURE
	}
	fmt.Fprintf(os.Stderr, "Error: Unable to %s address \"%s\": %s\n", what, text, libnl.Geterror(code))
	os.Exit(int(code))
}

//go:build linux

// Nl-list-sockets lists the netlink sockets of this network namespace, byte for byte as libnl's tool of that name. It needs no
// privilege; without one the kernel may hide the addresses.
//
//	go run ./examples/nl-list-sockets
package main

import (
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/golibnl/golibnl/libnl"
)

func main() {
	log.SetFlags(0)
	table, err := os.ReadFile("/proc/net/netlink")
	if err != nil {
		log.Fatal(err)
	}

	fmt.Printf("%-18s %-16s %-6s %-8s %-6s %-6s %-10s %s\n", "Address", "Family", "PID", "Groups", "rmem", "wmem", "CB", "refcnt")
	for line := range strings.Lines(string(table)) {
		var (
			address, cb, groups        uint64
			protocol                   int
			port, rmem, wmem, refcount int64
		)
		_, err := fmt.Sscanf(line, "%x %d %d %x %d %d %x %d",
			&address, &protocol, &port, &groups, &rmem, &wmem, &cb, &refcount)
		if err != nil {
			continue // the headings
		}
		// A port ID is a number without sign; the tool reads it as one with a sign, and so does this.
		fmt.Printf("0x%016x %-16s %-6d %08x %-6d %-6d 0x%08x %d\n",
			address, libnl.Nlfamily2str(protocol), int32(port), groups, rmem, wmem, cb, refcount)
	}
}

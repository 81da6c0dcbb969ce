package nl_test

import (
	"fmt"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/nl"
)

// The request that makes a bridge, but for its header, and what a reader makes of it.
func ExampleAttributes() {
	e := nl.NewEncoder(nil)
	e.String(unix.IFLA_IFNAME, "br0")
	e.Uint32(unix.IFLA_MTU, 1500)
	e.Nest(unix.IFLA_LINKINFO, func() {
		e.String(unix.IFLA_INFO_KIND, "bridge")
	})
	attrs, err := e.Result()
	if err != nil {
		fmt.Println(err)
		return
	}

	var name, kind string
	var mtu uint32
	for a, err := range nl.Attributes(attrs) {
		if err != nil {
			fmt.Println(err)
			return
		}
		switch a.Type {
		case unix.IFLA_IFNAME:
			name, err = a.String()
		case unix.IFLA_MTU:
			mtu, err = a.Uint32()
		case unix.IFLA_LINKINFO:
			for a, err := range a.Attributes() {
				if err == nil && a.Type == unix.IFLA_INFO_KIND {
					kind, err = a.String()
				}
				if err != nil {
					fmt.Println(err)
					return
				}
			}
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(name, kind, mtu)
	// Output: br0 bridge 1500
}

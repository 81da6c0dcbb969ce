package nl_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/nl"
)

// Dump prints the names of all network devices. It is the program of the README.
func ExampleConn_Dump() {
	ctx := context.Background()
	check := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	c, err := nl.Dial(unix.NETLINK_ROUTE)
	check(err)
	defer c.Close()
	request := nl.Request{Type: unix.RTM_GETLINK, Payload: make([]byte, unix.SizeofIfInfomsg)}
	for m, err := range c.Dump(ctx, request) {
		check(err) // "nl: dump RTM_GETLINK: ..."
		for a, err := range m.Attributes(unix.SizeofIfInfomsg) {
			check(err)
			if a.Type == unix.IFLA_IFNAME {
				name, _ := a.String()
				fmt.Println(name)
			}
		}
	}
}

func TestReadmeShowsTheExample(t *testing.T) {
	program, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	_, body, _ := strings.Cut(string(program), "\tc, err := nl.Dial")
	body, _, ok := strings.Cut("c, err := nl.Dial"+body, "\n}\n")
	require.True(t, ok)
	squeeze := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	require.Contains(t, squeeze(string(readme)), squeeze(body))
}

// A link is looked up by its name, and the kernel says what is wrong with a name that no link has.
func ExampleConn_Execute() {
	c, err := nl.Dial(unix.NETLINK_ROUTE)
	if err != nil {
		panic(err)
	}
	defer c.Close()
	for _, name := range []string{"lo", "nonesuch"} {
		e := nl.NewEncoder(make([]byte, unix.SizeofIfInfomsg))
		e.String(unix.IFLA_IFNAME, name)
		payload, err := e.Result()
		if err != nil {
			panic(err)
		}
		reply, err := c.Execute(context.Background(), nl.Request{Type: unix.RTM_GETLINK, Payload: payload})
		fmt.Println(len(reply.Messages), err)
	}
	// Output:
	// 1 <nil>
	// 0 nl: execute RTM_GETLINK: no such device, ENODEV (check the interface, and that the network namespace is the right one)
}

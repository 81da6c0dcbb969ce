// Package nl is netlink for Go programs: requests that a context can cancel, errors with the kernel's own words, dumps as
// iterators, and connections that many goroutines share.
//
//	c, err := nl.Dial(unix.NETLINK_ROUTE)
//	if err != nil {
//		return err
//	}
//	defer c.Close()
//	for m, err := range c.Dump(ctx, nl.Request{Type: unix.RTM_GETROUTE, Payload: make([]byte, unix.SizeofRtMsg)}) {
//		...
//	}
//
// It stands on libnl, whose C API is package libnl, but does not follow that API: it never blocks in C, and it keeps what
// belongs to one request apart from what belongs to another.
//
// # Connections
//
// A [Conn] is a few netlink sockets in one network namespace: one for requests, one for each dump that is running, and one
// for notifications, so that none of them disturbs another. Each is opened when it is needed first. A Conn with a port ID
// of the caller's choice ([WithPort]) or a descriptor ([WithFD]) is that one socket alone: dumps and requests take turns.
//
// # Goroutines
//
// Any goroutine may use a Conn at any time. Whoever waits for an answer receives, for all who wait; there is no goroutine,
// and no thread, in the background.
//
// # Messages
//
// A [Message] that an iterator yields is valid until the next iteration; [Message.Clone] keeps it.
//
// # Errors
//
// What goes wrong in an exchange is an [*Error].
package nl

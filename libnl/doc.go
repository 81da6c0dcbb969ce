//go:build linux && cgo

// Package libnl is libnl's C API (libnl-3.0) in Go: name for name and behaviour for behaviour, with nothing added but
// what keeps a mistake from crashing the process.
//
// # Names
//
// A struct gives its name to a type (nl_msg: [Msg], nl_cb: [Cb], nlattr: [Nlattr], nlmsghdr: [Nlmsghdr]; nl_sock is
// [Socket]). A function whose first argument is such a struct is a method, without the type's own prefix or else without
// nl_: nl_socket_add_membership is [Socket.AddMembership], nl_send_auto is [Socket.SendAuto], nlmsg_put is [Msg.Put],
// nla_put_u32 is [Msg.NlaPutU32], nla_get_u32 is [Nlattr.GetU32]. What makes an object or walks a stream is a function:
// [SocketAlloc], [NlmsgAlloc], [NlaParse], [NlmsgOk]. Constants keep their names. Every doc comment ends with the C
// prototype, so searching for a C name finds its Go name.
//
// A negative result is an error, the last result of the Go function; out-parameters are results; NULL for absent is nil;
// pointer and length are a []byte; FILE * is an [io.Writer]; the void *arg of a callback is gone, since a closure
// carries what it needs.
//
// # Copies, not pointers
//
// Where C hands out a pointer into a message, Go hands out a copy or a handle that is checked at each use: a
// *[Nlmsghdr] and the [Nlattr] in it are snapshots in Go memory, valid for ever; [Msg.SetHdr], [Reserved] and
// [Nlattr.WriteData] write where C writes through the pointer.
//
// # Ownership
//
// Functions that take or return a C object say one word. Owned: you free it. Borrowed: valid until the time that is
// named. Consumed: the callee frees it. Ref'd: you hold a reference, and Put it. Free and Put may be called again: there
// is nothing left to do, and they return nil. Any other call on a freed object returns [ErrFreed], or the zero value
// where the C function has no way to fail, and is reported to [OnMisuse]; it never touches C memory. A nil object and
// one that no function of this package made (new(Socket)) count as freed.
//
// # Sharing with C
//
// Pointer is the C object of a Go object, for C code in the same program; [SocketFromPointer], [CbFromPointer],
// [MsgFromPointer] and the like are the way back. Release gives back what was borrowed so, and takes Go's callbacks out of it;
// it never frees what C has. docs/semantics.md has the rules.
//
// # Goroutines
//
// Functions say one word. Any: any goroutine at any time; calls take turns. Sender, receiver: one goroutine of each kind
// at a time on one socket, beside each other; another one gets [ErrBusy]. Alone: [ErrBusy] while any call is running on
// the object. Plain: the value is like any Go variable, so readers may share it.
//
// # Callbacks
//
// They run on the goroutine, and the thread, of the call that they belong to. In a callback, Free, Close, SetCb and
// another receive on the same socket return [ErrBusy]: in C each is a use after free or a lost message. Sending is
// allowed. An error that a callback returns is returned by the call, unchanged. A panic ends the call as [NL_STOP] does
// and goes on in the caller as a *[CallbackPanic]. runtime.Goexit (t.FailNow is one) ends the caller's goroutine, too.
//
// # Blocking
//
// A call that waits in C can be ended by nothing but data, so long as the socket is blocking, as in C. Use
// [Socket.SetNonblocking], or a receive timeout on [Socket.GetFd], or package nl.
//
// # Environment
//
// NLCB=verbose or debug sets the callbacks of the sockets that [SocketAlloc] makes, NLDBG the level of libnl's own
// messages, as in C.
package libnl

//go:build linux && cgo

// Package genl is libnl's C API for generic netlink (libnl-genl-3.0) in Go: name for name and behaviour for behaviour. The
// naming rule, and the words for ownership and goroutines, are those of package libnl.
//
// A function whose first argument is a struct of libnl-3.0 is a function here: genl_connect is [Connect], genlmsg_put is
// [Put], genl_ctrl_resolve is [CtrlResolve]. genlmsghdr is [Genlmsghdr], a snapshot like libnl's Nlmsghdr, and genl_family
// is [Family].
package genl

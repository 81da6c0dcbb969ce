//go:build !linux || !cgo

package libnl

// The rest of the package is C through cgo, and netlink is a Linux interface, so there is nothing to compile here.
// The undefined name is the message.
var _ = golibnl_needs_GOOS_linux_and_CGO_ENABLED_1_and_a_C_compiler

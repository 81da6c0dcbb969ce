// Package core is what libnl, libnl/genl and libnl/route share: the Guard that every wrapped C object holds, the registry
// of handles that C carries for Go, the record of a call in flight, and the errors that all of them return.
//
// It is plain Go: what must touch C memory lives in the packages that own it.
package core

// Package kmodtest tests the kernel modules of kmod, and the example programs that speak to them. The tests run as root in
// the VM of kmod/vm, and are built for it only, by the tag vm: `make vm-test`.
package kmodtest

//go:build linux

// Package ownns gives an example a network namespace of its own.
package ownns

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// childMark is set in the environment of the process that runs inside the namespace.
const childMark = "GOLIBNL_EXAMPLE_CHILD"

// Enter runs the program again in a process with a fresh network namespace, and exits with its status. It returns true in
// that process, and false, with the reason, where the kernel grants no namespace. In the namespace one is root, or has at
// least its capabilities.
func Enter() (inside bool, why error) {
	if os.Getenv(childMark) != "" {
		return true, nil
	}
	self, err := os.Executable()
	if err != nil {
		return false, err
	}
	cmd := exec.Command(self, os.Args[1:]...)
	cmd.Env = append(os.Environ(), childMark+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if os.Geteuid() != 0 {
		// Root inside, oneself outside.
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	if err := cmd.Start(); err != nil {
		var path *os.PathError
		if errors.As(err, &path) {
			err = path.Err
		}
		return false, err
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	switch {
	case err == nil:
		os.Exit(0)
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		os.Exit(exit.ExitCode())
	}
	os.Exit(1)
	return false, nil
}

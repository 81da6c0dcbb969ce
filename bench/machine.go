package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/golibnl/golibnl/libnl"
)

// machine says what the numbers depend on.
func machine() map[string]string {
	_, nl := libnl.Version()
	m := map[string]string{
		"processor": fmt.Sprintf("%s, %d online", processor(), runtime.NumCPU()),
		"Go":        runtime.Version() + " " + runtime.GOARCH,
		"libnl":     nl,
		"iproute2":  firstLine(exec.Command("ip", "-V")),
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m["kernel"] = unix.ByteSliceToString(u.Release[:])
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, d := range info.Deps {
			switch d.Path {
			case "github.com/mdlayher/netlink", "github.com/mdlayher/genetlink", "github.com/vishvananda/netlink":
				m[d.Path] = d.Version
			}
		}
	}
	return m
}

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

func firstLine(cmd *exec.Cmd) string {
	text, err := cmd.Output()
	if err != nil {
		return err.Error()
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return line
}

// load is how busy the machine is.
func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	words := strings.Fields(string(text))
	if len(words) < 3 {
		return "unknown"
	}
	return strings.Join(words[:3], " ")
}

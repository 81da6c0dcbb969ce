//go:build linux

// The tour: Go talks to the kernel through libnl, in four steps.
//
//	go run ./examples/tour      (or scripts/demo, which also installs what is missing)
//
// It needs no privilege: it runs in a network namespace of its own where the kernel lets it have one, as root or in a user
// namespace, and otherwise runs the steps that only read, on the host. Its exit status is 0 if every step that it ran saw
// what it should.
package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/golibnl/golibnl/examples/internal/ownns"
	"github.com/golibnl/golibnl/libnl"
)

// step is one part of the tour.
type step struct {
	title  string
	writes bool // it needs a namespace of its own
	run    func() error
}

var steps = []step{
	{"What is there: links and addresses, dumped", false, showTables},
	{"Asking, and being refused: ACKs and errors", false, acksAndErrors},
	{"Being told: notifications of what changes", true, notifications},
	{"Talking to many: a multicast group", true, multicast},
}

// errNotHere is what a step returns that this kernel cannot run.
var errNotHere = errors.New("not on this kernel")

func main() {
	inNamespace, why := ownns.Enter()

	compiled, running := libnl.Version()
	fmt.Printf("golibnl tour, on libnl %s (compiled with %s), in %s\n", running, compiled, place(inNamespace))

	// Nothing here waits long. If something does, it is wrong.
	time.AfterFunc(9*time.Second, func() {
		fmt.Println("\nFAILED: the tour hangs")
		os.Exit(1)
	})

	failed := 0
	for i, s := range steps {
		fmt.Printf("\n%d. %s\n", i+1, s.title)
		if s.writes && !inNamespace {
			fmt.Printf("   not run: it changes things, and a network namespace to do so in was refused (%v)\n", why)
			continue
		}
		switch err := s.run(); {
		case errors.Is(err, errNotHere):
			fmt.Printf("   not run: %v\n", err)
		case err != nil:
			fmt.Printf("   FAILED: %v\n", err)
			failed++
		}
	}
	if failed > 0 {
		fmt.Printf("\n%d of %d steps failed\n", failed, len(steps))
		os.Exit(1)
	}
	fmt.Println("\nThat was the tour. examples/tour is the source, a file a step.")
}

func place(inNamespace bool) string {
	if inNamespace {
		return "a network namespace of its own"
	}
	return "the host's network namespace, only reading"
}

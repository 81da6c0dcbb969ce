//go:build linux && cgo

package parity

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"syscall"

	"github.com/golibnl/golibnl/libnl"
)

// api does in Go what cside/api.c and its like do in C: calls by their names in C, on objects that have names.
type api struct {
	*twin
	things  []*thing
	verbs   map[string]verb
	said    bytes.Buffer // what the line of the call that is running ends with
	ports   map[uint32]string
	unnamed int
	cbHooks
	usedUpPorts
}

// verb is a call: how many words it needs at least, and what does it.
type verb struct {
	words int
	run   func(a *api, w []string)
}

// thing is an object with a name; v is nil when the object is gone.
type thing struct {
	name string
	v    any
}

var topics = []map[string]verb{socketVerbs, optionVerbs, sendVerbs, cbVerbs, msgVerbs, attrVerbs, addrVerbs, cacheVerbs, mngrVerbs, utilVerbs,
	objectVerbs, genlVerbs, rawVerbs}

func newAPI(t *twin) *api {
	a := &api{twin: t, ports: map[uint32]string{}, verbs: map[string]verb{}}
	for _, topic := range topics {
		maps.Copy(a.verbs, topic)
	}
	return a
}

func (a *api) step(w []string) {
	v, ok := a.verbs[w[0]]
	if !ok {
		fail("no such call: %s", w[0])
	}
	if len(w) < v.words {
		fail("too few words: %s", w[0])
	}
	a.said.Reset()
	v.run(a, w)
	a.trace("%s%s\n", strings.Join(w, " "), a.said.String())
}

// get returns the object of a type that a word names.
func get[T any](a *api, w []string, word int) T {
	if word < len(w) {
		for i := len(a.things) - 1; i >= 0; i-- {
			if v, ok := a.things[i].v.(T); ok && a.things[i].name == w[word] {
				return v
			}
		}
		fail("no such object: %s", w[word])
	}
	fail("an object is missing: %s", w[0])
	panic("unreachable")
}

// give gives the object a name. A name can be used again when its object is gone.
func give[T any](a *api, w []string, word int, v T) {
	for _, th := range a.things {
		if _, ok := th.v.(T); ok && th.name == w[word] {
			fail("the name is taken: %s", w[word])
		}
	}
	a.things = append(a.things, &thing{w[word], v})
}

// forget says that the object of a type and name is gone.
func forget[T any](a *api, w []string, word int) {
	for _, th := range a.things {
		if _, ok := th.v.(T); ok && th.name == w[word] {
			th.v = gone[T]{}
		}
	}
}

// gone stands for an object that was freed: it still counts for what comes later.
type gone[T any] struct{}

// count is how many objects of a type there have been.
func count[T any](a *api) (n int) {
	for _, th := range a.things {
		switch th.v.(type) {
		case T, gone[T]:
			n++
		}
	}
	return n
}

func (a *api) sock(w []string, i int) *libnl.Socket { return get[*libnl.Socket](a, w, i) }
func (a *api) cbAt(w []string, i int) *libnl.Cb     { return get[*libnl.Cb](a, w, i) }
func (a *api) msg(w []string, i int) *libnl.Msg     { return get[*libnl.Msg](a, w, i) }

// end frees what the scenario has left, the last made first.
func (a *api) end() {
	for i := len(a.things) - 1; i >= 0; i-- {
		switch v := a.things[i].v.(type) {
		case interface{ Free() error }:
			_ = v.Free()
		case interface{ Put() error }:
			_ = v.Put()
		case *rawSocket:
			v.close()
		case *family:
			v.unregister()
		}
	}
	a.freeMany()
}

func (a *api) say(format string, args ...any) { fmt.Fprintf(&a.said, format, args...) }

// sayRet says what a call returned, as C returns it.
func (a *api) sayRet(n int, err error) {
	a.say(" = %s", resultOf(n, err))
	var errno syscall.Errno
	if errors.As(err, &errno) {
		a.say(" errno=%d", int(errno))
	}
}

// done is for functions that return nothing in C: Go's error is nil, or else a difference.
func (a *api) done(err error) {
	if err != nil {
		a.sayRet(0, err)
	}
}

func (a *api) sayBytes(b []byte) {
	if len(b) == 0 {
		a.say(" -")
		return
	}
	a.say(" %x", b)
}

// yes is how C tells of a truth.
func yes(b bool) int {
	if b {
		return 1
	}
	return 0
}

// portName: ports that a scenario names are told as they are, others by the order in which they are told.
func (a *api) portName(port uint32) string {
	if port == 0 {
		return "0"
	}
	if name, ok := a.ports[port]; ok {
		return name
	}
	a.unnamed++
	name := fmt.Sprintf("p%d", a.unnamed)
	a.ports[port] = name
	pid := uint32(os.Getpid())
	if port != pid && port&0x3fffff == pid&0x3fffff {
		return name + "(libnl's)"
	}
	return name + "(kernel's)"
}

func (a *api) namedPort(word string) uint32 {
	for port, name := range a.ports {
		if name == word {
			return port
		}
	}
	port := uint32(number(word))
	if port != 0 {
		a.ports[port] = word
	}
	return port
}

var numbers = map[string]int{
	"route": libnl.NETLINK_ROUTE, "usersock": libnl.NETLINK_USERSOCK, "generic": libnl.NETLINK_GENERIC,
	"unspec": syscall.AF_UNSPEC, "inet": syscall.AF_INET, "inet6": syscall.AF_INET6, "llc": 26, "mpls": 28, "decnet": 12,
}

func num(w []string, word int) int {
	if word >= len(w) {
		fail("a number is missing: %s", w[0])
	}
	return lookUp(numbers, w[word])
}

func bytesArg(w []string, word int) []byte {
	if word >= len(w) || w[word] == "-" {
		return nil
	}
	return unhex(w[word])
}

// stream is the messages of the words from there on, as they would be received.
func (a *api) stream(w []string, word int) (b []byte) {
	for ; word < len(w); word++ {
		b = append(b, a.make(w[word]).flatten(a.twin)...)
	}
	return b
}

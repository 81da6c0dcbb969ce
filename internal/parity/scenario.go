//go:build linux && cgo

package parity

import (
	"embed"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/golibnl/golibnl/libnl"
)

//go:embed scenarios/*.txt
var files embed.FS

// An Over says how datagrams reach the socket.
type Over string

// How datagrams reach the socket.
const (
	Inject   Over = "inject"   // through nl_cb_overwrite_recv
	Usersock Over = "usersock" // a peer sends them
	Route    Over = "route"    // the kernel answers
	Calls    Over = "calls"    // there is no socket but those that the scenario makes
)

// A Scenario is what both sides do.
type Scenario struct {
	Group, Name string
	Over        Over
	Steps       []Step
	Since       int         // only with libnl from that version on (libnl.Ver)
	Differs     *Difference // nil if the traces must be equal
}

// A Step is a line of a scenario.
type Step struct {
	Line  int
	Words []string
}

// A Difference is what Go does otherwise on purpose.
type Difference struct {
	Reason string
	Since  int      // only with libnl from that version on (libnl.Ver)
	Before int      // only with libnl before that version, 0 for any
	C, Go  []string // a part of each line that only one side has
}

// Scenarios returns all scenarios that are for the libnl that is running, in the order of their files.
func Scenarios() ([]*Scenario, error) {
	names, err := files.ReadDir("scenarios")
	if err != nil {
		return nil, err
	}
	var all []*Scenario
	for _, f := range names {
		text, err := files.ReadFile(path.Join("scenarios", f.Name()))
		if err != nil {
			return nil, err
		}
		group, err := parse(f.Name(), string(text))
		if err != nil {
			return nil, err
		}
		for _, sc := range group {
			if libnl.VerNum() >= sc.Since {
				all = append(all, sc)
			}
		}
	}
	return all, nil
}

func parse(file, text string) ([]*Scenario, error) {
	var all []*Scenario
	var sc *Scenario
	over := Inject
	for i, line := range strings.Split(text, "\n") {
		words := split(line)
		if len(words) == 0 {
			continue
		}
		if words[0] == "scenario" && len(words) == 2 {
			sc = &Scenario{Group: strings.TrimSuffix(file, ".txt"), Name: words[1], Over: over}
			if slices.ContainsFunc(all, func(o *Scenario) bool { return o.Name == sc.Name }) {
				return nil, fmt.Errorf("%s:%d: another scenario is called %s", file, i+1, sc.Name)
			}
			all = append(all, sc)
			continue
		}
		if sc == nil && words[0] == "over" {
			ways := &Scenario{}
			if err := ways.add(Step{Line: i + 1, Words: words}); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
			}
			over = ways.Over
			continue
		}
		if sc == nil {
			return nil, fmt.Errorf("%s:%d: outside of a scenario", file, i+1)
		}
		if err := sc.add(Step{Line: i + 1, Words: words}); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", file, i+1, err)
		}
	}
	return all, nil
}

func split(line string) []string {
	words := strings.Fields(line)
	if i := slices.IndexFunc(words, func(w string) bool { return w[0] == '#' }); i >= 0 {
		words = words[:i]
	}
	return words
}

func (sc *Scenario) add(s Step) error {
	rest := strings.Join(s.Words[1:], " ")
	switch s.Words[0] {
	case "over":
		sc.Over = Over(rest)
		if sc.Over != Usersock && sc.Over != Route && sc.Over != Calls {
			return fmt.Errorf("over %q", rest)
		}
	case "since":
		var err error
		if sc.Since, err = version(rest); err != nil {
			return err
		}
	case "differs":
		d := &Difference{Reason: rest}
		for key, at := range map[string]*int{"since=": &d.Since, "before=": &d.Before} {
			word, reason, _ := strings.Cut(rest, " ")
			if text, ok := strings.CutPrefix(word, key); ok {
				var err error
				if *at, err = version(text); err != nil {
					return err
				}
				d.Reason = reason
			}
		}
		sc.Differs = d
	case "c", "go":
		if sc.Differs == nil || rest == "" {
			return fmt.Errorf("%q without differs", s.Words[0])
		}
		if s.Words[0] == "c" {
			sc.Differs.C = append(sc.Differs.C, rest)
		} else {
			sc.Differs.Go = append(sc.Differs.Go, rest)
		}
	default:
		sc.Steps = append(sc.Steps, s)
	}
	return nil
}

func version(text string) (int, error) {
	var maj, minor int
	if _, err := fmt.Sscanf(text, "%d.%d", &maj, &minor); err != nil {
		return 0, fmt.Errorf("%q is no version: %w", text, err)
	}
	return libnl.Ver(maj, minor), nil
}

// Expected is the difference that there is with the libnl that is running, nil if the traces must be equal.
func (sc *Scenario) Expected() *Difference {
	if d := sc.Differs; d != nil && libnl.VerNum() >= d.Since && (d.Before == 0 || libnl.VerNum() < d.Before) {
		return d
	}
	return nil
}

// String returns GROUP/NAME.
func (sc *Scenario) String() string { return sc.Group + "/" + sc.Name }

// has reports whether a step begins with the words.
func (sc *Scenario) has(words ...string) bool {
	return slices.ContainsFunc(sc.Steps, func(s Step) bool {
		return len(s.Words) >= len(words) && slices.Equal(s.Words[:len(words)], words)
	})
}

// hasWord reports whether a word of a step begins with the prefix.
func (sc *Scenario) hasWord(prefix string) bool {
	return slices.ContainsFunc(sc.Steps, func(s Step) bool {
		return slices.ContainsFunc(s.Words, func(w string) bool { return strings.HasPrefix(w, prefix) })
	})
}

// Deliverable reports whether a peer can send what the scenario injects: no failures of a receive, no other sender.
func (sc *Scenario) Deliverable() bool {
	return sc.Over == Inject && !sc.has("eof") && !sc.has("fail") && !sc.has("on", "SEND") &&
		!sc.hasWord("from=") && !sc.hasWord("creds=")
}

// OwnLoop reports whether the C side's own receive loop can take the place of libnl's: it knows neither libnl's built-in
// callbacks nor another loop.
func (sc *Scenario) OwnLoop() bool {
	return !sc.hasWord("verbose") && !sc.hasWord("debug") && !sc.has("on", "RECVMSGS")
}

// Privileged reports whether the scenario needs a network namespace of its own.
func (sc *Scenario) Privileged() bool {
	joins := slices.ContainsFunc(sc.Steps, func(s Step) bool { return s.Words[0] == "raw" && len(s.Words) > 4 })
	return sc.Over == Route || joins || sc.hasWord("group=") || sc.has("nl_connect") || sc.has("genl_connect")
}

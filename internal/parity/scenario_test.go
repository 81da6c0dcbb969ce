//go:build linux && cgo

package parity

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLanguageRefusesMistakes: neither side passes over a word that it does not know.
func TestLanguageRefusesMistakes(t *testing.T) {
	skipIfKindIsSet(t)
	bin, err := cside()
	require.NoError(t, err)
	for _, steps := range []string{
		"jump", "over there", "set sail", "set peers=1", "on TOP OK", "on VALID FINE", "on VALID NLE_FINE", "on VALID OK jump:OK",
		"datagram datum", "datagram data,color=1", "datagram data,flags=red", "datagram err:EWHAT", "datagram raw:0g",
		"fail NLE_FINE", "fail NLE_AGAIN EWHAT", "call home", "call send_auto", "call",
		"over calls\n\tnl_connect", "over calls\n\tnl_connect A route", "over calls\n\tnl_fly", "over calls\n\tnl_cb_alloc C what",
		"over calls\n\tnlmsg_alloc M\n\tnlmsg_alloc M", "over calls\n\tnl_addr_parse X ::1 nowhere",
	} {
		text := "scenario x\n\t" + steps + "\n\tdatagram data\n\tcall recvmsgs\n"
		all, err := parse("bad.txt", text)
		if err == nil {
			_, err = all[0].Run(Inject)
		}
		require.Error(t, err, "Go: %s", steps)

		file := filepath.Join(t.TempDir(), "bad.txt")
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		out, err := exec.CommandContext(t.Context(), bin, file, "--", "bad/x").CombinedOutput()
		require.Error(t, err, "C: %s", steps)
		require.Regexp(t, "line [234]: ", string(out), "C: %s", steps)
	}
}

func TestParse(t *testing.T) {
	for text, why := range map[string]string{
		"set no-peek":                     "outside of a scenario",
		"scenario a\nscenario a":          "another scenario is called a",
		"scenario a\nc something":         "without differs",
		"scenario a\ndiffers x\n go":      "without differs",
		"over there\nscenario a":          "over \"there\"",
		"scenario a\ndiffers before=x it": "\"x\" is no version",
	} {
		_, err := parse("g.txt", text)
		require.ErrorContains(t, err, why, text)
		require.ErrorContains(t, err, "g.txt:", text)
	}
	all, err := parse("g.txt", "over calls\nscenario a\nscenario b\nover route\n")
	require.NoError(t, err)
	require.Equal(t, []Over{Calls, Route}, []Over{all[0].Over, all[1].Over})
	all, err = parse("g.txt", "# c\nscenario a # c\n\tover usersock\n\n\tcall recv # c\n\tdiffers in this\n\tc x  y\n\tgo z\nscenario b\n")
	require.NoError(t, err)
	require.Equal(t, []*Scenario{
		{
			Group: "g", Name: "a", Over: Usersock, Steps: []Step{{5, []string{"call", "recv"}}},
			Differs: &Difference{Reason: "in this", C: []string{"x y"}, Go: []string{"z"}},
		},
		{Group: "g", Name: "b", Over: Inject},
	}, all)
}

// TestWaysOfAScenario: what a peer cannot send, or another loop cannot run, is not asked of them.
func TestWaysOfAScenario(t *testing.T) {
	for steps, want := range map[string][3]bool{ // deliverable, own loop, privileged
		"datagram data":                     {true, true, false},
		"eof":                               {false, true, false},
		"fail NLE_AGAIN":                    {false, true, false},
		"on SEND WHOLE":                     {false, true, false},
		"datagram from=1 data":              {false, true, false},
		"datagram creds=1/2/3 data":         {false, true, false},
		"on ACK debug":                      {true, false, false},
		"on ERR verbose":                    {true, false, false},
		"on RECVMSGS 1":                     {true, false, false},
		"over usersock":                     {false, true, false},
		"over route":                        {false, true, true},
		"over usersock\nset group=1":        {false, true, true},
		"over calls\nnl_cb_alloc C default": {false, true, false},
		"over calls\nnl_connect A usersock": {false, true, true},
	} {
		all, err := parse("g.txt", "scenario a\n"+steps)
		require.NoError(t, err)
		sc := all[0]
		require.Equal(t, want, [3]bool{sc.Deliverable(), sc.OwnLoop(), sc.Privileged()}, strings.TrimSpace(steps))
	}
}

// TestExpected: a difference that a later libnl does not have is not expected of it.
func TestExpected(t *testing.T) {
	for words, want := range map[string]bool{
		"differs so": true, "differs before=99.0 so": true, "differs before=3.0 so": false,
		"differs since=3.0 so": true, "differs since=99.0 so": false,
	} {
		all, err := parse("g.txt", "scenario a\n"+words)
		require.NoError(t, err)
		require.Equal(t, want, all[0].Expected() != nil, words)
		require.Equal(t, "so", all[0].Differs.Reason)
	}
}

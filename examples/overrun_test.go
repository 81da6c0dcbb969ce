//go:build linux

package examples_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/internal/testns"
)

func TestOverrun(t *testing.T) {
	testns.Run(t, func(t *testing.T) { // which says whether there may be namespaces
		p := start(t, "overrun")
		p.Says("Watching addresses; there are 0",
			"Adding 1000 addresses and removing 500 of them, without reading what the kernel tells")
		require.Regexp(t, `^Overrun: nl_recvmsgs_default: Out of memory \(no buffer space available\)`, p.Line())
		var told, of, addrs int
		_, err := fmt.Sscanf(p.Line(), "Told of %d changes of %d; the table has %d addresses, and is wrong", &told, &of, &addrs)
		require.NoError(t, err)
		require.Equal(t, 1500, of)
		require.Less(t, told, of)
		require.Positive(t, told)
		require.NotEqual(t, 500, addrs)
		p.Ends(0, "Resynchronised: the table has 500 addresses, and is right",
			"Told of one more: the table has 501 addresses, and is right")
	})
}

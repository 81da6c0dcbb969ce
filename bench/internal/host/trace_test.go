package host

import (
	"bufio"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/bench/internal/result"
)

const twoRuns = `10 execve("/x", ["x"], 0x7f) = 0
10 read(0, "run 2\n", 4096)         = 6
10 sendto(3, "warm up", 7, 0, NULL, 0) = 7
10 write(1, "done 1 2 3"..., 12) = 12
10 read(0,  <unfinished ...>
11 futex(0x1, FUTEX_WAIT <unfinished ...>
10 <... read resumed>"run 2\n", 4096) = 6
10 sendto(3, "a", 1, 0, NULL, 0) = 1
11 nanosleep({tv_sec=0, tv_nsec=20000}, NULL) = 0
10 recvfrom(3,  <unfinished ...>
11 <... futex resumed>) = 0
10 <... recvfrom resumed>"b", 1, 0, NULL, NULL) = 1
10 sendto(3, "a", 1, 0, NULL, 0) = 1
10 write(1, "done 1 2 3"..., 12) = 12
10 close(3) = 0
`

func TestCount(t *testing.T) {
	calls, err := count(bufio.NewScanner(strings.NewReader(twoRuns)), 2, 2)
	require.NoError(t, err)
	require.Equal(t, result.Calls{"sendto": 1, "recvfrom": 0.5}, calls)
	_, err = count(bufio.NewScanner(strings.NewReader("")), 2, 2)
	require.Error(t, err)
}

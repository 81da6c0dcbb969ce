//go:build !asan

package libnl_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// What libnl's own frames have when a change callback's goroutine exits is lost: the message, its object, and a clone of the
// callback set. The address sanitizer's leak check would say so. The cache, the socket and the lock go on.
func TestCacheChangeCallbackExits(t *testing.T) {
	c := routeCache(t, "route/link")
	answer := func(seq uint32) [][]byte { return [][]byte{dump(seq, 0, "a", "b")} }
	exit := func(*libnl.Cache, *libnl.Object, int) { runtime.Goexit() }
	within(t, func() {
		_ = dumps(t, answer).CacheResync(c, exit)
		t.Error("the goroutine ends in the callback")
	})
	require.Equal(t, []string{"a"}, names(t, c))
	within(t, func() {
		s := dumps(t, func(seq uint32) [][]byte { return [][]byte{dump(seq, 0)} })
		_ = s.CacheResync(c, exit)
		t.Error("the goroutine ends in the callback, after the last receive, whose buffer is gone")
	})
	require.True(t, c.IsEmpty())
	within(t, func() {
		_ = c.Include(linkObject(t, 1, "one"), exit)
		t.Error("the goroutine ends in the callback")
	})
	require.NoError(t, dumps(t, answer).CacheRefill(c), "the cache goes on")
	require.Equal(t, []string{"a", "b"}, names(t, c))
}

package libnl_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/golibnl/golibnl/libnl"
)

// dataOf makes data that ends with the test.
func dataOf(t *testing.T, s string) *libnl.Data {
	t.Helper()
	d, err := libnl.DataAlloc([]byte(s))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Free()) })
	return d
}

func TestDataAlloc(t *testing.T) {
	src := []byte("abc")
	d, err := libnl.DataAlloc(src)
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Free()) }()
	src[0] = '!'
	require.Equal(t, "abc", string(d.Get()))
	require.Equal(t, 3, d.GetSize())
	d.Get()[0] = '!'
	require.Equal(t, "abc", string(d.Get()), "the result is a copy")

	for _, b := range [][]byte{nil, {}} {
		e, err := libnl.DataAlloc(b)
		require.NoError(t, err)
		require.Empty(t, e.Get())
		require.Zero(t, e.GetSize())
		require.NoError(t, e.Append([]byte{1}))
		require.Equal(t, []byte{1}, e.Get())
		require.NoError(t, e.Free())
	}
}

func TestDataAllocAttr(t *testing.T) {
	for _, payload := range []string{"", "abcde"} {
		d, err := libnl.DataAllocAttr(attrWith(t, []byte(payload)))
		require.NoError(t, err)
		require.Equal(t, payload, string(d.Get()))
		require.NoError(t, d.Free())
	}
	for _, a := range []*libnl.Nlattr{nil, {}, {NlaLen: 65535}} {
		_, err := libnl.DataAllocAttr(a)
		require.ErrorIs(t, err, libnl.NLE_INVAL)
	}
}

func TestDataAppend(t *testing.T) {
	d := dataOf(t, "ab")
	require.NoError(t, d.Append([]byte("cd")))
	require.NoError(t, d.Append(nil))
	require.NoError(t, d.Append(d.Get()))
	require.Equal(t, "abcdabcd", string(d.Get()))
	big := bytes.Repeat([]byte{'x'}, 1<<20)
	require.NoError(t, d.Append(big))
	require.Equal(t, append([]byte("abcdabcd"), big...), d.Get())
}

func TestDataClone(t *testing.T) {
	d := dataOf(t, "ab")
	c, err := d.Clone()
	require.NoError(t, err)
	require.NoError(t, d.Append([]byte("c")))
	require.Equal(t, "ab", string(c.Get()))
	require.Equal(t, "abc", string(d.Get()))
	require.NoError(t, c.Free())
	require.Equal(t, "abc", string(d.Get()))

	c, err = dataOf(t, "").Clone()
	require.NoError(t, err)
	require.Zero(t, c.GetSize())
	require.NoError(t, c.Free())
}

func TestDataCmp(t *testing.T) {
	d := dataOf(t, "abc")
	require.Zero(t, d.Cmp(d))
	require.Zero(t, d.Cmp(dataOf(t, "abc")))
	require.Negative(t, d.Cmp(dataOf(t, "abd")))
	require.Positive(t, d.Cmp(dataOf(t, "abb")))
	require.NotZero(t, d.Cmp(dataOf(t, "")))
	require.NotZero(t, dataOf(t, "").Cmp(d))
	expectMisuse(t, 3, func() {
		require.Equal(t, 1, d.Cmp(nil))
		require.Equal(t, 1, d.Cmp(new(libnl.Data)))
		require.Equal(t, 1, (*libnl.Data)(nil).Cmp(d))
	})
}

func TestDataFreed(t *testing.T) {
	d, err := libnl.DataAlloc([]byte("abc"))
	require.NoError(t, err)
	require.NoError(t, d.Free())
	require.NoError(t, d.Free())
	expectMisuse(t, 5, func() {
		require.Nil(t, d.Get())
		require.Zero(t, d.GetSize())
		require.ErrorIs(t, d.Append([]byte{1}), libnl.ErrFreed)
		_, err := d.Clone()
		require.ErrorIs(t, err, libnl.ErrFreed)
		require.Equal(t, 1, d.Cmp(d))
	})
	require.NoError(t, (*libnl.Data)(nil).Free())
	require.NoError(t, new(libnl.Data).Free())
}

// Calls take turns: nothing that was appended is lost or torn.
func TestDataFromManyGoroutines(t *testing.T) {
	const goroutines, appends = 8, 200
	d := dataOf(t, "")
	m := sizedMsg(t, 64)
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range appends {
				if err := d.Append([]byte("ab")); err != nil {
					t.Error(err)
				}
				if b := d.Get(); !bytes.Equal(b, bytes.Repeat([]byte("ab"), len(b)/2)) {
					t.Error("torn")
				}
				if d.GetSize() < 2 {
					t.Error("lost")
				}
				c, err := d.Clone()
				if err != nil || c.GetSize() < 2 || c.Free() != nil {
					t.Error(err)
				}
				_ = m.NlaPutData(1, d) // soon the message is full; what counts is that d is left alone
			}
		})
	}
	wg.Wait()
	require.Equal(t, bytes.Repeat([]byte("ab"), goroutines*appends), d.Get())
}

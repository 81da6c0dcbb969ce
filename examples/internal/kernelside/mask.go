//go:build linux

package kernelside

import (
	"fmt"
	"iter"
	"math/bits"
	"strconv"
)

// Mask reads a mask of multicast groups: bit 0 is group 1.
func Mask(text string) (uint32, error) {
	mask, err := strconv.ParseUint(text, 0, 32)
	if err != nil || mask == 0 {
		return 0, fmt.Errorf("%q is no mask of groups: it is a number of up to 32 bits, at least one of them set, "+
			"and bit 0 is group 1, so 10 (or 0xa) is groups 2 and 4", text)
	}
	return uint32(mask), nil
}

// Groups are the numbers of the groups of a mask.
func Groups(mask uint32) iter.Seq[int] {
	return func(yield func(int) bool) {
		for ; mask != 0; mask &= mask - 1 {
			if !yield(bits.TrailingZeros32(mask) + 1) {
				return
			}
		}
	}
}

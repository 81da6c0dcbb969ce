package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"errors"
	"math"
	"math/bits"
	"strings"
	"syscall"
	"unsafe"
)

// cancelDown calls a C function that chooses a unit.
func cancelDown(f func(unit **C.char) C.double) (float64, string) {
	var unit *C.char // to a constant of libnl's
	n := f(&unit)
	return float64(n), C.GoString(unit)
}

// CancelDownBytes returns a number of bytes in the largest unit that leaves at least 1: B, KiB, MiB, GiB or TiB.
//
// Goroutines: any.
//
// Implements:
//
//	double nl_cancel_down_bytes(unsigned long long, char **);
func CancelDownBytes(n uint64) (value float64, unit string) {
	return cancelDown(func(unit **C.char) C.double { return C.nl_cancel_down_bytes(C.ulonglong(n), unit) })
}

// CancelDownBits returns a number of bits in the largest unit that leaves at least 1: bit, Kbit, Mbit, Gbit or Tbit, of 1000
// each.
//
// Goroutines: any.
//
// Implements:
//
//	double nl_cancel_down_bits(unsigned long long, char **);
func CancelDownBits(n uint64) (value float64, unit string) {
	return cancelDown(func(unit **C.char) C.double { return C.nl_cancel_down_bits(C.ulonglong(n), unit) })
}

// CancelDownUs returns a number of microseconds in the largest unit that leaves at least 1: us, ms or s.
//
// Goroutines: any.
//
// Implements:
//
//	double nl_cancel_down_us(uint32_t, char **);
func CancelDownUs(us uint32) (value float64, unit string) {
	return cancelDown(func(unit **C.char) C.double { return C.nl_cancel_down_us(C.uint32_t(us), unit) })
}

// Rate2str returns a rate as text, in the unit that [CancelDownBytes] or [CancelDownBits] chooses: "1.50KiB/s". typ is
// [NL_BYTE_RATE] or [NL_BIT_RATE].
//
// Goroutines: any. Errors: NLE_RANGE for another type, on which libnl aborts.
//
// Implements:
//
//	int nl_rate2str(unsigned long long, int, char *, size_t);
func Rate2str(rate uint64, typ int) (string, error) {
	if typ != NL_BYTE_RATE && typ != NL_BIT_RATE {
		return "", refusal("nl_rate2str", NLE_RANGE, "no type of rate %d", typ)
	}
	return cstr(func(buf *C.char, n C.size_t) *C.char {
		C.nl_rate2str(C.ulonglong(rate), C.int(typ), buf, n)
		return buf
	}), nil
}

// Size2str returns a number of bytes as text with two digits, in the unit that leaves at least 1: "1.5KiB". libnl
// says "infB" of 1 to 1023 bytes, and EiB of 1024 TiB; [CancelDownBytes] knows better.
//
// Goroutines: any.
//
// Implements:
//
//	char *nl_size2str(const size_t, char *, const size_t);
func Size2str(size uint) string {
	return cstr(func(buf *C.char, n C.size_t) *C.char { return C.nl_size2str(C.size_t(size), buf, n) })
}

// leading is the number that text begins with, as strtol(3) and strtoul(3) read it, and what follows; overflow says that
// C cuts it.
func leading(text string) (n uint64, rest string, overflow bool) {
	c := C.CString(text)
	defer C.free(unsafe.Pointer(c))
	var end *C.char
	l, err := C.strtoul(c, &end, 0)
	return uint64(l), C.GoString(end), errors.Is(err, syscall.ERANGE)
}

// Size2int returns the number of bytes that text says: "64", "64b", "64k", "64kb", "64m", "64g" (units of 1024), "64bit",
// "64kbit", "64mbit", "64gbit" (of 1000 bits).
//
// Goroutines: any. Errors: NLE_INVAL for other text, and for less than 0; NLE_RANGE for more than a long of C holds, where
// C wraps.
//
// Implements:
//
//	long nl_size2int(const char *);
func Size2int(text string) (int, error) {
	const fn = "nl_size2int"
	size := func(text string) C.long {
		c := C.CString(text)
		defer C.free(unsafe.Pointer(c))
		return C.nl_size2int(c)
	}
	if strings.ContainsAny(text, "-\x00") {
		return 0, refusal(fn, NLE_INVAL, "%q is no size", text)
	}
	number, unit, overflow := leading(text)
	one := C.long(1)
	if unit != "" {
		one = size("1" + unit)
	}
	if one < 0 {
		return 0, refusal(fn, NLE_INVAL, "%q is no size", text)
	}
	if hi, lo := bits.Mul64(number, uint64(one)); overflow || number > uint64(maxLong) || hi != 0 || lo > uint64(maxLong) {
		return 0, refusal(fn, NLE_RANGE, "%q is too large a size", text)
	}
	n := size(text)
	if n < 0 {
		return 0, refusal(fn, NLE_INVAL, "%q is no size", text)
	}
	return int(n), nil
}

// maxLong is the largest long of C, which is as large as Go's int.
const maxLong = math.MaxInt

var _ [C.sizeof_long]byte = [unsafe.Sizeof(int(0))]byte{}

// Prob2int returns the probability that text says, from "0.0" to "1.0" or from "0%" to "100%", between [NL_PROB_MIN] and
// [NL_PROB_MAX]. A number over 1 is a percentage, with and without the sign; libnl takes "1%" and less for 1 and less.
//
// Goroutines: any. Errors: NLE_INVAL for other text, NLE_RANGE for a number that is no probability.
//
// Implements:
//
//	long nl_prob2int(const char *);
func Prob2int(text string) (int, error) {
	const fn = "nl_prob2int"
	if strings.IndexByte(text, 0) >= 0 {
		return 0, refusal(fn, NLE_INVAL, "%q is no probability", text)
	}
	c := C.CString(text)
	defer C.free(unsafe.Pointer(c))
	if d := float64(C.strtod(c, nil)); math.IsNaN(d) { // what a long of it is, C leaves open
		return 0, refusal(fn, NLE_RANGE, "%q is no probability", text)
	}
	switch n := C.nl_prob2int(c); {
	case n == -C.NLE_RANGE:
		return 0, refusal(fn, NLE_RANGE, "%q is no probability", text)
	case n < 0:
		return 0, refusal(fn, NLE_INVAL, "%q is no probability", text)
	default:
		return int(n), nil
	}
}

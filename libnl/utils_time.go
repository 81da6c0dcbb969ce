package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"io"
	"math/bits"
	"os"
	"strconv"
	"strings"
	"sync"
	"unsafe"
)

// psched is what libnl read of the packet scheduler's clock.
var psched struct {
	sync.Mutex
	ready bool
}

// schedule has libnl read the clock of the packet scheduler, once, before anybody asks for it. libnl exits the process if
// the file cannot be read as four numbers, and several threads may read it at the same time.
func schedule(fn string) error {
	psched.Lock()
	defer psched.Unlock()
	if psched.ready {
		return nil
	}
	if path := pschedFile(); path != "" && !pschedFits(path) {
		return refusal(fn, NLE_FAILURE, "%s does not hold the four numbers of /proc/net/psched", path)
	}
	C.nl_get_user_hz()
	psched.ready = true
	return nil
}

// pschedFile is the file that libnl reads, empty for none.
func pschedFile() string {
	env := func(name string) (string, bool) {
		c := C.CString(name)
		defer C.free(unsafe.Pointer(c))
		v := C.getenv(c)
		return C.GoString(v), v != nil
	}
	if _, ok := env("TICKS_PER_USEC"); ok {
		return ""
	}
	if path, ok := env("PROC_NET_PSCHED"); ok {
		return path
	}
	if root, ok := env("PROC_ROOT"); ok {
		return root + "/net/psched"
	}
	return "/proc/net/psched"
}

// pschedFits reports whether libnl can read the file, or goes on without since it cannot be opened.
func pschedFits(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return true
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, 256))
	fields := strings.Fields(string(text))
	if err != nil || len(fields) < 4 {
		return false
	}
	for _, f := range fields[:4] {
		if _, err := strconv.ParseUint(f, 16, 32); err != nil || len(f) > 8 {
			return false
		}
	}
	return true
}

// GetUserHz returns the ticks of a second in what the kernel tells programs, or what the environment variable HZ says.
//
// Goroutines: any. Errors: NLE_FAILURE if the file that libnl reads first, /proc/net/psched or what the environment
// variables PROC_NET_PSCHED and PROC_ROOT make of it, is there and not like that: libnl then exits the process.
//
// Implements:
//
//	int nl_get_user_hz(void);
func GetUserHz() (int, error) {
	if err := schedule("nl_get_user_hz"); err != nil {
		return 0, err
	}
	return int(C.nl_get_user_hz()), nil
}

// GetPschedHz returns the ticks of a second in the kernel's packet scheduler.
//
// Goroutines: any. Errors: as [GetUserHz].
//
// Implements:
//
//	int nl_get_psched_hz(void);
func GetPschedHz() (int, error) {
	if err := schedule("nl_get_psched_hz"); err != nil {
		return 0, err
	}
	return int(C.nl_get_psched_hz()), nil
}

// Us2ticks returns the packet scheduler's ticks in a number of microseconds. What does not fit in 32 bits is cut, as in C.
//
// Goroutines: any. Errors: as [GetUserHz].
//
// Implements:
//
//	uint32_t nl_us2ticks(uint32_t);
func Us2ticks(us uint32) (uint32, error) {
	if err := schedule("nl_us2ticks"); err != nil {
		return 0, err
	}
	return uint32(C.nl_us2ticks(C.uint32_t(us))), nil
}

// Ticks2us returns the microseconds in a number of the packet scheduler's ticks. What does not fit in 32 bits is cut, as in
// C.
//
// Goroutines: any. Errors: as [GetUserHz].
//
// Implements:
//
//	uint32_t nl_ticks2us(uint32_t);
func Ticks2us(ticks uint32) (uint32, error) {
	if err := schedule("nl_ticks2us"); err != nil {
		return 0, err
	}
	return uint32(C.nl_ticks2us(C.uint32_t(ticks))), nil
}

// Str2msec returns the milliseconds that text says: numbers with the units sec, min, hour and day, or their beginnings, or
// without one, which are added: "1h 30min", "1500".
//
// Goroutines: any. Errors: NLE_INVAL for other text, and for less than 0; NLE_RANGE for more than 64 bits hold, where C
// wraps.
//
// Implements:
//
//	int nl_str2msec(const char *, uint64_t *);
func Str2msec(text string) (uint64, error) {
	const fn = "nl_str2msec"
	msec := func(text string) (uint64, bool) {
		c := C.CString(text)
		defer C.free(unsafe.Pointer(c))
		var n C.uint64_t
		ret := C.nl_str2msec(c, &n)
		return uint64(n), ret >= 0
	}
	if strings.ContainsAny(text, "-\x00") {
		return 0, refusal(fn, NLE_INVAL, "%q is no time", text)
	}
	n, ok := msec(text)
	if !ok {
		return 0, refusal(fn, NLE_INVAL, "%q is no time", text)
	}
	var total uint64
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\t' }) {
		number, unit, overflow := leading(part)
		one, _ := msec("1" + unit)
		hi, lo := bits.Mul64(number, one)
		sum, carry := bits.Add64(total, lo, 0)
		if overflow || hi != 0 || carry != 0 {
			return 0, refusal(fn, NLE_RANGE, "%q is too long a time", text)
		}
		total = sum
	}
	return n, nil
}

// Msec2str returns a number of milliseconds as text: "1h 30m 500msec".
//
// Goroutines: any.
//
// Implements:
//
//	char *nl_msec2str(uint64_t, char *, size_t);
func Msec2str(msec uint64) string {
	return cstr(func(buf *C.char, n C.size_t) *C.char { return C.nl_msec2str(C.uint64_t(msec), buf, n) })
}

package libnl

// #include "cgo_helpers.h"
import "C"

import (
	"errors"
	"fmt"

	"github.com/golibnl/golibnl/libnl/internal/core"
)

func init() { C.golibnl_find_newer() }

// tooOldError is the error of a function that the libnl which runs does not have.
type tooOldError struct{ *core.CallError }

// Is makes it an [errors.ErrUnsupported], beside what it wraps.
func (tooOldError) Is(target error) bool { return target == errors.ErrUnsupported }

// tooOld is the error of a function that libnl has since version 3.since, and not in this process.
func tooOld(fn string, since int) error {
	_, running := Version()
	return tooOldError{&core.CallError{
		Func: fn,
		Code: NLE_OPNOTSUPP,
		Hint: fmt.Sprintf("libnl has it since version 3.%d; this process runs with %s", since, running),
	}}
}

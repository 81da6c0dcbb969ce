package libnl

// #cgo pkg-config: libnl-3.0
// #cgo CFLAGS: -D_GNU_SOURCE
// #include "cgo_helpers.h"
import "C"

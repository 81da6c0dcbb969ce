package libnl

// #include "cgo_helpers.h"
import "C"

import "fmt"

// The version of libnl whose headers the package was compiled with.
const (
	LIBNL_VER_MAJ  = C.LIBNL_VER_MAJ
	LIBNL_VER_MIN  = C.LIBNL_VER_MIN
	LIBNL_VER_MIC  = C.LIBNL_VER_MIC
	LIBNL_VER_NUM  = LIBNL_VER_MAJ<<8 | LIBNL_VER_MIN
	LIBNL_VERSION  = C.LIBNL_VERSION
	LIBNL_STRING   = C.LIBNL_STRING
	LIBNL_CURRENT  = C.LIBNL_CURRENT
	LIBNL_REVISION = C.LIBNL_REVISION
	LIBNL_AGE      = C.LIBNL_AGE
)

// Ver returns a version number that compares with [LIBNL_VER_NUM] and [VerNum].
//
// Goroutines: any.
//
// Implements:
//
//	#define LIBNL_VER(maj,min) ((maj) << 8 | (min))
func Ver(maj, min int) int { return maj<<8 | min }

// VerNum returns the number of the version that the process runs with: major times 256 plus minor.
//
// Goroutines: any.
//
// Implements:
//
//	extern const int nl_ver_num;
func VerNum() int { return int(C.nl_ver_num) }

// VerMaj returns the major version that the process runs with.
//
// Goroutines: any.
//
// Implements:
//
//	extern const int nl_ver_maj;
func VerMaj() int { return int(C.nl_ver_maj) }

// VerMin returns the minor version that the process runs with.
//
// Goroutines: any.
//
// Implements:
//
//	extern const int nl_ver_min;
func VerMin() int { return int(C.nl_ver_min) }

// VerMic returns the micro version that the process runs with.
//
// Goroutines: any.
//
// Implements:
//
//	extern const int nl_ver_mic;
func VerMic() int { return int(C.nl_ver_mic) }

// Version returns the versions of libnl that the package was compiled with and that the process runs with, as
// "3.7.0": a newer library may stand in for an older one at run time.
//
// Goroutines: any.
func Version() (compiled, running string) {
	return LIBNL_VERSION, fmt.Sprintf("%d.%d.%d", VerMaj(), VerMin(), VerMic())
}

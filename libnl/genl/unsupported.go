//go:build !linux || !cgo

package genl

import _ "github.com/golibnl/golibnl/libnl" // which does not compile here, and says why

//go:build !linux || !cgo

package genl

//go:build !race && !asan

package nl

const countsAllocations = true

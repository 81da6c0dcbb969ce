//go:build race || asan

package nl

// countsAllocations: the checkers allocate too, and empty the pools at random.
const countsAllocations = false

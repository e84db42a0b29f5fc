// Package schemacopy copies subjects with their versions from one schema registry to
// another: [Options.Plan] checks the flags as typed, [Run] compares the two registries,
// shows what would be done, asks, and does it.
//
// Reading order: copy.go; gather.go, what is copied and in which order; target.go, what
// becomes of it there.
package schemacopy

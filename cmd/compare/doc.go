// Package compare shows what differs between two topics or dumps. [Options.Plan] checks the
// flags as typed, [Run] reads both sides at once into an index each
// (package diff), compares them and prints.
//
// Reading order: plan.go; side.go and dump.go, how a side is read; record.go and
// ignore.go, what of a record is compared; print.go, paths.go and offsets.go, how
// differences are told.
package compare

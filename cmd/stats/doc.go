// Package stats reads the records that topics hold now and shows none of them: it counts
// them, or profiles them (package profile).
//
// Reading order: plan.go, what both have in common; count.go; stats.go, read.go and
// print.go.
package stats

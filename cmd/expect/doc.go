// Package expect waits for records that meet conditions, and says which came nearest when
// they do not come. [Options.Plan] checks the flags as typed, [Run] waits.
//
// Reading order: plan.go; watch.go, reading and judging; command.go, the command that is
// to cause the records; verdict.go, misses.go and report.go, the outcome.
package expect

// Package pipe transforms records from topic to topic, without end, as members of a
// group. [Options.Plan] checks the flags as typed, [Run] runs the members.
//
// Each member does all of its work on its own goroutine and has its own producer. What
// commits instead of the group's member is the pipe's: results and offsets in one
// transaction with --exactly-once, else a flush and then the offsets.
//
// Reading order: options.go and plan.go; run.go, what the members share; member.go, one
// member's work; pack.go, what was written and not yet sent; commit.go, transactions and
// what is taken back; exec.go; lookup.go. With a state for each key: keyed_plan.go;
// keyed.go and keyed_save.go; keyed_topic.go and keyed_restore.go.
package pipe

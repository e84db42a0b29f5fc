// Package consume prints records. [Options.Plan] checks the flags as typed,
// [Run] reads.
//
// Each member of a group, or the only reader, has a view that runs the steps over its
// batches and renders them into chunks; one printer writes these and then acknowledges
// what was written.
//
// Reading order: plan.go; run.go, which starts and ends the goroutines; open.go and
// consume_file.go, where records come from; view.go, one member's work; order.go, exec.go
// and column_files.go, other ways out; watch.go and watch_state.go, the live view.
package consume

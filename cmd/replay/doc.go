// Package replay copies a bounded range of records to another topic, cluster or file.
// [Options.Plan] checks the flags as typed, [Run] copies what the plan says.
//
// The way of a record, in run.go: copyBatch receives it from a feed of the source and spaces
// it, copyRecord has it changed or lets --on-error decide, send counts it, and target.put
// addresses it and puts it into the sink: a session with its transaction, or a file.
//
// Reading order: options.go and plan.go; run.go, the passes and the way of a record;
// clusters.go; source.go, source_dump.go, source_merge.go and pacer.go; change.go; target.go,
// redrive.go and the sinks, target_send.go, target_dump.go and dry_run.go; progress.go,
// store.go and copied.go; checkpoint.go and aside.go, where target and progress meet;
// verify.go; report.go and summary.go.
package replay

// Package replay copies a bounded range of records to another topic, cluster or file.
// [Options.Plan] checks the flags as typed, [Plan.Run] copies.
//
// The way of a record: a feed returns it, take hands it to the changer, write addresses it,
// and a sink puts it into the transaction, the topic or the file.
//
// Reading order: options.go and plan.go; run.go, the passes and the way of a record;
// ends.go and pacer.go, the source; target.go, redrive.go and send.go, the target;
// checkpoint.go, progress.go, store.go and copied.go, progress and transactions; dump.go,
// dry_run.go and verify.go; report.go and summary.go.
package replay

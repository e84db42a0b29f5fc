// Package produce writes records. [Options.Plan] checks the flags as typed,
// [Run] reads the input, sends it and reports what became of every record.
//
// One goroutine reads batches of input, one more encodes and sends them; reports come
// back from the client and are settled against the batch they belong to.
//
// Reading order: options.go and plan.go; run.go, which starts and ends the goroutines;
// read.go, the input; send.go, encoding and sending; report.go, what became of records;
// transaction.go and rejects.go.
package produce

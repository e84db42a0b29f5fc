// Package stream keeps a state for each key, and for each window of time where there are
// such: what a stateful pipe computes from records. It knows no cluster.
//
// A [Partition] is the state of one partition of the input. Add takes one record after the
// other, in the order of their offsets; results go to Partition.Out, or come from Save,
// together with the records of the state topic from which Load makes the same state again.
// The same records in the same order give the same states and results, however often it is
// saved and loaded between them, as long as what was added after a Save that did not become
// permanent is added again to a Partition that was loaded anew.
//
// Reading order: config.go; partition.go, window.go, session.go; fold.go, aggregate.go,
// cell.go; codec.go, the records of the state topic.
package stream

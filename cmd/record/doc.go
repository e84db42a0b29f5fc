// Package record says which records a command reads, what their bytes mean and what
// becomes of one that cannot be read. Everything that reads records stands on it.
//
// A [Selection] is that description: a [Range] of topics, partitions and offsets, the
// [Filters], a [Decoding] of keys and one of values, and [OnError]. It is made from
// [Options], the flags as typed. A [Reading] is one use of it: it counts what went wrong
// with single records and what was lost. A [Looker] runs the steps of a selection over
// records, a [Changer] also makes new records of them.
//
// Records come from a [Source]: a reader of its own ([Alone]), the members of a group
// ([Run.Join]), or a dump ([DumpSource]). A [Run] is a reading until its records, its
// [Limits] or a signal end it; consume and pipe have one.
//
// Read the files in this order: record.go, selection.go, range.go, filters.go and
// decoding.go for what is read; on_error.go for what is not; changes.go for what becomes
// of it; run.go, members.go and execution.go for how it is read to an end.
package record

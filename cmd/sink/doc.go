// Package sink writes the records of a topic into a database, as members of a group.
// [Options.Plan] checks the flags as typed, [Run] runs the members.
//
// The rows of records and the offsets behind them are written in one transaction of the
// database, in its table kstream_offsets. These offsets win: a member that is given partitions
// takes them over there (which fences whoever had them, by an epoch) and reads from where they
// end. The offsets of the group in Kafka follow, for who looks at its lag.
//
// A server by HTTP keeps no offsets: those of the group are committed when it has taken the rows.
//
// Reading order: url.go; options.go and plan.go; run.go, what the members share; member.go, one
// member's work; commit.go, transactions. The drivers are below: [kstream/cmd/sink/table] is
// what they share.
package sink

// Package position reads places in a log as people write them, and turns them
// into offsets.
//
// Parse reads a position: "beginning", "-5", "@2026-11-22T10:00:00Z", "1h ago",
// "0=10,3=-5,7=@-1h". Relative times are taken from the clock passed in, once, so
// a Position means the same instant however often it is resolved. Resolve turns
// the Point of one partition into an offset; Position.Lookups says beforehand
// which partitions need a question to the cluster, so that one request can ask
// for all of them.
//
// Beside them stand the other small texts of the command line: durations with
// days and weeks, times, partition lists, sizes and rates.
//
// The package does no I/O and holds no state. Every parser takes hostile text:
// it returns an error of one line that repeats the text quoted, says what is
// wrong, and where useful lists the forms.
package position

// Package profile takes the measure of a topic from its records: how many and how
// large, how many keys, when they came, how they lie in the partitions, which fields
// their JSON has.
//
// A Profile takes records one by one with Add; the partitions may be read whole, or in
// windows spread over them: a sample. Report then returns the figures, scaled up from the
// windows to the range that they stand for, and states which it is. Rules are statements
// about the figures that hold or do not.
//
// Memory does not grow with the number of records: times are kept in buckets, sizes as
// counters, the hashes of different keys beyond a number in a temporary file, fields and
// schemas up to a limit that the report tells when it is reached. A Profile belongs to
// one goroutine. Add allocates nothing for records that look like those before.
package profile

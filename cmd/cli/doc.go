// Package cli is what every command stands on.
//
// [Env] is all that comes from outside: streams, terminals, variables, the clock. It is
// built once, by [NewEnv], and nothing else asks for a terminal, a colour, a variable or
// the time. [WithSignals] makes the context of a command.
//
// An error carries the code that it ends with: [Errorf] and [Usagef] make such errors, [Hint]
// adds a remedy, [CodeOf] finds the code of an error of any package, and [Finish] is the
// one place that turns an error into text and an exit code.
//
// Output goes through a [Printer] while records flow, and through a [Listing] where a
// command lists what it found. [Confirmation] stands before what cannot be taken back.
//
// Commands that kstream starts for its user are [Worker]s, for --exec, or belong to a
// [ChildGroup]; none of them outlives the process.
package cli

// Package sandbox runs a command with a broker of its own, which is empty or loaded from
// dumps, and says what shape an embedded broker has.
package sandbox

// Package config finds out how to connect: from flags, the environment, a context
// of the configuration file and defaults, in that order, setting by setting.
//
// Resolve reads all of them and returns an Effective, in which every setting knows
// its Origin. It validates names, normalises mechanisms and derives the security
// protocol, and it touches no network and runs no command. Effective.Connect then
// looks up the secrets that settings refer to (@env: @file: @cmd: @keyring:), and
// only that.
//
// Document edits the configuration file: order and comments stay.
//
// Errors are *Error, whose Kind says how a command ends. Secrets never stand in
// errors or warnings; Scrubber takes them out of other texts.
package config

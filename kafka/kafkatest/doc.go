//go:build unix

// Package kafkatest runs Apache Kafka on this machine for tests: one or three
// nodes in KRaft mode, without containers, from the jars on Maven Central. It
// needs Java 17 and Maven; Available says what is missing.
//
// Start returns when every node answers and knows every other, so a test never
// waits for a fixed time. Nodes can be killed, started again, frozen and thawed
// one by one. Tool runs the admin classes that Apache Kafka ships: they are
// the witnesses that share no code with kstream.
//
// The command in ../cluster does the same from a shell.
package kafkatest

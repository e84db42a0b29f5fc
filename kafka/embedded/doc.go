// Package embedded runs a Kafka broker inside this process, for tests, demos
// and work without a cluster. It needs no Java and starts in milliseconds.
//
// [Start] it, give [Broker.Addr] to any Kafka client, and Close it.
package embedded

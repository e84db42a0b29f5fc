//go:build unix

// Package registrytest has schema registries for tests: Fake, within the test, and
// Apicurio, a real one that is fetched with Maven and started beside it; and Python,
// where Confluent's own client writes and reads what kstream reads and writes.
package registrytest

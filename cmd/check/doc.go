// Package check tries a schema: with the registry, and with the newest records of a
// topic.
//
// Reading order: check.go; file.go, the schema that is tried; records.go.
package check

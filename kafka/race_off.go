//go:build !race

package kafka

// closeWaits: nothing of C runs when the program ends, see race_on.go.
const closeWaits = false

//go:build !race

package kafka

// skipExitHandlers has nothing to do: nothing of C runs when the program ends, see race_on.go.
func skipExitHandlers() {}

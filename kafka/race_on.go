//go:build race

package kafka

// closeWaits makes Producer.Close wait for the end of the connections in programs that are
// built with the race detector. Those run the exit handlers of C when they end
// (runtime.racefini), and OpenSSL's takes away what the client's threads still use.
const closeWaits = true

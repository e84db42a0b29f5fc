//go:build unix

package kafkatest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
)

// Ports are taken from below the range that kernels hand out to outgoing
// connections (from 32768 on Linux, 49152 elsewhere). A port of that range is
// not safe for a broker that will be killed and started again: meanwhile a
// client's socket can occupy it, and a client that dials it on loopback can
// even connect to itself.
const (
	lowestPort  = 20000
	highestPort = 32000
)

// freePorts returns n different addresses on loopback that nobody listens on.
func freePorts(n int) ([]string, error) {
	addrs := make([]string, 0, n)
	for range 100 * n {
		addr := fmt.Sprintf("127.0.0.1:%d", lowestPort+rand.IntN(highestPort-lowestPort))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			continue
		}
		defer l.Close() // after all are found, so that they differ
		if addrs = append(addrs, addr); len(addrs) == n {
			return addrs, nil
		}
	}
	return nil, errors.New("no free port on 127.0.0.1")
}

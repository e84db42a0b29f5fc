//go:build unix

package kafkatest

import (
	"context"
	"syscall"
)

// What the harnesses of other servers share with this one.

// FreeAddress is an address on loopback that nobody listens on.
func FreeAddress() (string, error) {
	addrs, err := freePorts(1)
	if err != nil {
		return "", err
	}
	return addrs[0], nil
}

// Attached are the attributes of a server's process that ends with this one, however it
// ends (on Linux), and is not reached by Ctrl-C in a terminal.
func Attached() *syscall.SysProcAttr { return processAttr(false) }

// Await calls done every few milliseconds until it returns nil, ctx ends or dead
// returns an error, and then says what was still missing.
func Await(ctx context.Context, dead, done func() error) error { return await(ctx, dead, done) }

//go:build !unix

package input

import (
	"errors"
	"os"
)

// waitReadable is for systems with poll: elsewhere a read blocks until it ends.
func waitReadable(_, _ *os.File) (bool, error) { return false, errors.ErrUnsupported }

//go:build unix

package cli

// The code in standard.c is linked into whatever imports this package.

import "C"

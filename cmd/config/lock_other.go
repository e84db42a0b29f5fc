//go:build !unix

package config

// Lock does nothing here: the last of two processes that edit the file at once wins.
func Lock(string) (release func(), err error) { return func() {}, nil }

// Package fetched keeps what tests fetch in the user's cache.
package fetched

import (
	"os"
	"path/filepath"
)

// Once returns the folder name of the cache, filled by the first caller: it appears complete or
// not at all, also to other processes. The folder that fill is given is beside it and empty.
func Once(name string, fill func(folder string) error) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	cache = filepath.Join(cache, "kstream-test")
	folder := filepath.Join(cache, name)
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	temporary, err := os.MkdirTemp(cache, "fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temporary)
	if err := fill(temporary); err != nil {
		return "", err
	}
	if err := os.Rename(temporary, folder); err != nil {
		if _, there := os.Stat(folder); there != nil { // else somebody was faster
			return "", err
		}
	}
	return folder, nil
}

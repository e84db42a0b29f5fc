package cli

import (
	"runtime"
	"strings"
)

// Unicode reports whether the terminal reads UTF-8, by the variables of POSIX.
func (e *Env) Unicode() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToUpper(e.Getenv(name)); v != "" {
			return strings.Contains(v, "UTF-8") || strings.Contains(v, "UTF8")
		}
	}
	return runtime.GOOS == "windows"
}

package cli

import (
	"os"
	"regexp"
	"strings"
	"unsafe"

	"kstream/cmd/config"
)

// Arguments returns a copy of the arguments of the process, and then writes * over the
// secrets among them, so that ps shows these no longer than a moment. The strings of os.Args
// are the memory that the system has given to the process, which is where ps reads them.
func Arguments() []string {
	args := make([]string, len(os.Args)-1)
	for i, arg := range os.Args[1:] {
		args[i] = strings.Clone(arg)
	}
	for i, arg := range os.Args[1:] {
		before := ""
		if i > 0 {
			before = args[i-1]
		}
		if from, to := secretIn(before, args[i]); to > from {
			memory := unsafe.Slice(unsafe.StringData(arg), len(arg))
			for j := from; j < to; j++ {
				memory[j] = '*'
			}
		}
	}
	return args
}

// secretIn finds where in an argument a secret stands that is written out: the value of
// --NAME VALUE, --NAME=VALUE or NAME=VALUE where NAME is that of a secret, or the password
// within a URL. What only looks like one is hidden from ps as well.
func secretIn(before, arg string) (from, to int) {
	if flag, ok := strings.CutPrefix(before, "--"); ok && secretName(flag) && !config.IsReference(arg) {
		return 0, len(arg)
	}
	for rest := arg; ; { // --property=NAME=VALUE, -XNAME=VALUE
		name, value, ok := strings.Cut(rest, "=")
		if !ok {
			break
		}
		if secretName(name) && !config.IsReference(value) {
			return len(arg) - len(value), len(arg)
		}
		rest = value
	}
	if at := regexp.MustCompile(`://[^/@:\s]*:([^\s"']+)@`).FindStringSubmatchIndex(arg); at != nil {
		return at[2], at[3]
	}
	return 0, 0
}

// secretName is whether what is called so is a secret: --password-file is none.
func secretName(name string) bool {
	return config.IsSecret(name) && !strings.HasSuffix(name, "-file")
}

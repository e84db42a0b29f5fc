package config

import (
	"bytes"
	"regexp"
)

const (
	maxYAML    = 128 << 10 // bytes
	maxNesting = 64        // brackets open, or dashes at the start of one line
	maxAliases = 16
)

// bounded refuses text on which the YAML library would take minutes, since its time
// grows with the square of the nesting, and exponentially with aliases of aliases.
// It looks at characters, whatever they are part of, so its limits are far from
// any real configuration.
func bounded(path string, data []byte) error {
	if len(data) > maxYAML {
		return usagef("%s: larger than 128 KiB", path)
	}
	open, deepest := 0, 0
	for _, c := range data {
		switch c {
		case '[', '{':
			open++
			deepest = max(deepest, open)
		case ']', '}':
			open--
		}
	}
	for line := range bytes.Lines(data) {
		deepest = max(deepest, bytes.Count(line, []byte("- ")), bytes.Count(line, []byte("? ")))
		if indent := len(line) - len(bytes.TrimLeft(line, " ")); indent > 2*maxNesting {
			deepest = max(deepest, indent)
		}
	}
	if deepest > maxNesting {
		return usagef("%s: nested too deeply", path)
	}
	alias := regexp.MustCompile(`(?:^|[\s\[{,:])\*[^\s*]`)
	if len(alias.FindAllIndex(data, maxAliases+1)) > maxAliases {
		return usagef("%s: more than %d aliases", path, maxAliases)
	}
	return nil
}

package compare

import (
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/diff"
)

// ignored is --ignore with a meaning: what of a record is not compared.
type ignored struct {
	key, value, headers bool
	names               map[string]bool // of headers
	paths               diff.Paths
}

func parseIgnored(lists []string) (*ignored, error) {
	p := &ignored{names: map[string]bool{}}
	for _, list := range lists {
		for _, part := range splitOutsideQuotes(list) {
			name, isHeader := strings.CutPrefix(part, "header.")
			switch {
			case part == "timestamp" || part == "partition" || part == "offset": // never compared
			case part == "key":
				p.key = true
			case part == "value":
				p.value = true
			case part == "headers":
				p.headers = true
			case isHeader && name != "":
				p.names[name] = true
			case strings.HasPrefix(part, "."):
				if err := p.paths.Add(part); err != nil {
					return nil, cli.Usagef("--ignore %w", err)
				}
			default:
				return nil, cli.Hint(cli.Usagef("--ignore %s: no such part of a record", part),
					"key, value, headers, header.NAME, timestamp, partition, offset, or .PATH in the value")
			}
		}
	}
	return p, nil
}

// splitOutsideQuotes splits a list at its commas, but not within double quotes.
func splitOutsideQuotes(list string) (parts []string) {
	quoted, start := false, 0
	for i := 0; i < len(list); i++ {
		switch c := list[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			parts = append(parts, strings.TrimSpace(list[start:i]))
			start = i + 1
		}
	}
	return append(parts, strings.TrimSpace(list[start:]))
}

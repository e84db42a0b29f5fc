package config

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kstream/cmd/suggest"
)

// hidden stands for a secret.
const hidden = "***"

// IsSecret reports whether the property's value must not be shown.
func IsSecret(name string) bool {
	name = strings.ToLower(name)
	if strings.HasSuffix(name, ".url") || strings.HasSuffix(name, "token-url") {
		return false
	}
	for _, part := range []string{"password", "passphrase", "secret", "token", "key.pem", "key-password", "jaas", "user.info", "oauthbearer.config", "keystore.key"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// Redact returns the value for showing: *** for a secret. A reference is shown, for
// it is no secret, and so is an empty value. Passwords within URLs are hidden, and PEM is not
// repeated.
func Redact(name, value string) string {
	if IsReference(value) || value == "" {
		return value
	}
	switch {
	case IsSecret(name), strings.Contains(value, "PRIVATE KEY-----"):
		return hidden
	case isPEM(value):
		return "(PEM)"
	}
	return urlPassword().ReplaceAllString(value, "${1}"+hidden+"${2}")
}

// urlPassword matches up to the last @, for a password may hold what would end it.
func urlPassword() *regexp.Regexp { return regexp.MustCompile(`(://[^/@:\s]*:)[^\s"']+(@)`) }

// The texts of a configuration file, a URL or a properties file may be a password in the
// wrong place. What an error shows of them passes one of these.

// shownName is a text that stands where one of known is wanted: it is shown when it is
// near to one of them.
func shownName(text string, known []string) string {
	if text == "" || suggest.Nearest(text, known) != "" {
		return text
	}
	return hidden
}

// shownProperty is like shownName for the name of a property, and shows what is written
// like one too.
func shownProperty(name string, known []string) string {
	if regexp.MustCompile(`^[a-z]+([._-][a-z0-9]+)+$`).MatchString(name) {
		return name
	}
	return shownName(name, known)
}

// shownPath is a text that stands where a path is wanted: it is shown when it is written
// like one.
func shownPath(text string) string {
	if strings.ContainsAny(text, "./\\") && !strings.Contains(text, "@") {
		return text
	}
	return hidden
}

// shownURL is the same for a text that stands where a URL is wanted.
func shownURL(text string) string {
	if regexp.MustCompile(`^[a-zA-Z0-9.-]+:\d+$|^[a-z]+://[^@]*$`).MatchString(text) {
		return text
	}
	return hidden
}

// quoted puts what is shown into quotes.
func quoted(shown string) string {
	if shown == hidden {
		return shown
	}
	return strconv.Quote(shown)
}

// shownQuotes hides what a parser's message quotes of its input, but known names.
func shownQuotes(message string, known []string) string {
	quoted := regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|'(?:[^'\\\\]|\\\\.)*'|`[^`]*`")
	return quoted.ReplaceAllStringFunc(message, func(q string) string {
		if text := q[1 : len(q)-1]; shownName(text, known) != text {
			return hidden
		}
		return q
	})
}

// Scrubber takes secrets out of texts, for logs, errors and reports. Any number of
// goroutines may use one.
type Scrubber struct {
	known    *strings.Replacer
	patterns []*regexp.Regexp
}

// NewScrubber hides these secrets wherever they stand, besides whatever looks like a
// setting of a secret (sasl.password=x, password="x"), and passwords within URLs.
// Secrets of less than four bytes are not searched for: they would hide half the
// text.
func NewScrubber(secrets []string) *Scrubber {
	secrets = slices.Clone(secrets)
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) }) // the longest first
	var pairs []string
	for _, s := range secrets {
		if len(s) >= 4 {
			pairs = append(pairs, s, hidden)
		}
	}
	return &Scrubber{
		known: strings.NewReplacer(pairs...),
		patterns: []*regexp.Regexp{
			regexp.MustCompile(`(?is)(sasl\.jaas\.config"?\s*[=:]\s*)[^\n]+`),
			regexp.MustCompile(`(?is)(-----BEGIN [A-Z ]*PRIVATE KEY-----).*?(?:-----END|$)`),
			regexp.MustCompile(`(?i)((?:[\w.-]*(?:password|passphrase|secret|[._-]token|key\.pem|user\.info)|token)"?\s*[=:]\s*)"(?:[^"\\]|\\.)*"`),
			regexp.MustCompile(`(?i)((?:[\w.-]*(?:password|passphrase|secret|[._-]token|key\.pem|user\.info)|token)"?\s*[=:]\s*)[^\s",;]+`),
			regexp.MustCompile(`(?i)(authorization:?\s+(?:bearer|basic)\s+)\S+`),
			urlPassword(),
		},
	}
}

// Scrub returns text with *** in place of each secret.
func (s *Scrubber) Scrub(text string) string {
	text = s.known.Replace(text)
	for _, p := range s.patterns {
		text = p.ReplaceAllString(text, "${1}"+hidden+"${2}")
	}
	return text
}

package sink

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/config"
)

// kinds are the databases, by how their URLs begin.
func kinds() map[string]string {
	return map[string]string{"sqlite:": "sqlite", "postgres://": "postgres", "postgresql://": "postgres", "https://": "web", "http://": "web"}
}

// KindOf returns the kind of database that a URL names, or "".
func KindOf(address string) string {
	for prefix, kind := range kinds() {
		if strings.HasPrefix(strings.ToLower(address), prefix) {
			return kind
		}
	}
	return ""
}

// IsURL reports whether an argument names a database, or a secret that is its URL, and no topic.
func IsURL(arg string) bool {
	return strings.Contains(arg, ":")
}

// withPassword matches a URL with a user and a password, which may have anything in it.
var withPassword = regexp.MustCompile(`^([a-z+]+://[^/@:\s]*:)(.*)(@[^@]*)$`)

// Reveal returns the URL with its secrets looked up, and what is to be shown of it.
func Reveal(ctx context.Context, address string) (full, shown string, err error) {
	if config.IsReference(address) {
		full, err := config.Secrets{}.Lookup(ctx, address)
		return full, address, err
	}
	m := withPassword.FindStringSubmatch(address)
	if m == nil {
		return address, address, nil
	}
	password, err := config.Secrets{}.Lookup(ctx, m[2])
	if err != nil {
		return "", "", err
	}
	if password != m[2] {
		password = escape(password)
	}
	return m[1] + password + m[3], m[1] + "***" + m[3], nil
}

// escape writes a password as it stands in a URL (RFC 3986, section 2.1).
func escape(password string) string {
	var b strings.Builder
	for _, c := range []byte(password) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == '~':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// checkURL refuses what names no database, without repeating what may be a password.
func checkURL(url string) error {
	if KindOf(url) != "" || config.IsReference(url) {
		return nil
	}
	return NoDatabase("DST", url)
}

// NoDatabase is the error of a URL of no database that is known.
func NoDatabase(which, url string) error {
	scheme, _, _ := strings.Cut(url, ":")
	return cli.Hint(cli.Usagef("%s %s:…: no such kind of database", which, scheme), "sqlite:FILE, postgres://USER@HOST/DATABASE, https://HOST/PATH")
}

// checkPlain refuses to send records over the network as they are.
func checkPlain(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return cli.Usagef("DST is no URL of HTTP")
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); u.Scheme == "http" && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return cli.Hint(cli.Usagef("DST http://%s: records would go over the network for everybody to read", u.Host), "https://%s", u.Host)
	}
	return nil
}

package config

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
)

// Line is one setting of a properties file. Number is the line it starts at.
type Line struct {
	Number      int
	Name, Value string
}

// ParseProperties reads a Java properties file: comments with # and !, names ended
// by =, : or a space, continued lines, escapes with a backslash. (java.util.Properties)
// Kcat's configuration, a file whose name ends in .conf, has none of that but # and
// =: a backslash in a password is a backslash.
func ParseProperties(path string, data []byte) ([]Line, error) {
	text := strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n")
	if filepath.Ext(path) == ".conf" {
		return parseKcat(path, text)
	}
	var lines []Line
	var logical strings.Builder
	start := 0
	for i, raw := range strings.Split(text, "\n") {
		raw = strings.TrimLeft(raw, " \t\f")
		if logical.Len() == 0 && start == 0 {
			if raw == "" || raw[0] == '#' || raw[0] == '!' {
				continue
			}
			start = i + 1
		}
		slashes := len(raw) - len(strings.TrimRight(raw, `\`))
		if slashes%2 == 1 {
			logical.WriteString(raw[:len(raw)-1])
			continue
		}
		logical.WriteString(raw)
		line, err := splitProperty(logical.String())
		if err != nil {
			return nil, usagef("%s:%d: %v", path, start, err)
		}
		line.Number = start
		lines = append(lines, line)
		logical.Reset()
		start = 0
	}
	if start != 0 {
		line, err := splitProperty(logical.String())
		if err != nil {
			return nil, usagef("%s:%d: %v", path, start, err)
		}
		line.Number = start
		lines = append(lines, line)
	}
	return lines, nil
}

func parseKcat(path, text string) ([]Line, error) {
	var lines []Line
	for i, raw := range strings.Split(text, "\n") {
		raw = strings.TrimSpace(raw)
		if raw == "" || raw[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(raw, "=")
		if !ok {
			return nil, usagef("%s:%d: want NAME=VALUE", path, i+1)
		}
		lines = append(lines, Line{i + 1, strings.TrimSpace(name), strings.TrimSpace(value)})
	}
	return lines, nil
}

func splitProperty(s string) (Line, error) {
	end := len(s)
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' {
			i++
		} else if strings.IndexByte("=: \t\f", s[i]) >= 0 {
			end = i
			break
		}
	}
	value := strings.TrimLeft(s[end:], " \t\f")
	if value != "" && (value[0] == '=' || value[0] == ':') {
		value = strings.TrimLeft(value[1:], " \t\f")
	}
	name, err := unescape(s[:end])
	if err != nil {
		return Line{}, err
	}
	value, err = unescape(value)
	return Line{Name: name, Value: strings.TrimRight(value, " \t")}, err
}

func unescape(s string) (string, error) {
	if !strings.Contains(s, `\`) {
		return s, nil
	}
	var b strings.Builder
	var units []uint16 // of \uXXXX, which come in pairs beyond 16 bits
	flush := func() {
		b.WriteString(string(utf16.Decode(units)))
		units = units[:0]
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			flush()
			b.WriteByte(s[i])
			continue
		}
		i++
		if s[i] == 'u' {
			if i+5 > len(s) {
				return "", fmt.Errorf(`\u needs four hexadecimal digits`)
			}
			unit, err := strconv.ParseUint(s[i+1:i+5], 16, 16)
			if err != nil {
				return "", fmt.Errorf(`\u needs four hexadecimal digits`)
			}
			units = append(units, uint16(unit))
			i += 4
			continue
		}
		flush()
		switch s[i] {
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		case 'f':
			b.WriteByte('\f')
		default:
			b.WriteByte(s[i])
		}
	}
	flush()
	return b.String(), nil
}

// FromJava translates settings of a Java client into librdkafka's. Notes say what
// was left out that matters. Settings that only Java has are dropped; unknown ones
// are kept for the caller to judge. Errors begin with path and line.
func FromJava(path string, lines []Line) (out []Line, notes []string, err error) {
	values := map[string]string{}
	for _, l := range lines {
		values[l.Name] = l.Value
	}
	for _, l := range lines {
		where := path
		if l.Number > 0 {
			where = fmt.Sprintf("%s:%d", path, l.Number)
		}
		add := func(name, value string) { out = append(out, Line{l.Number, name, fromProvider(value)}) }
		switch {
		case l.Value == "" && strings.Contains(l.Name, ".") && l.Name != "ssl.endpoint.identification.algorithm": // as good as not there
		case l.Name == "sasl.jaas.config":
			settings, err := parseJAAS(l.Value)
			if err != nil {
				return nil, nil, usagef("%s: sasl.jaas.config: %v", where, err)
			}
			for _, s := range settings {
				add(s.Name, s.Value)
			}
		case l.Name == "partition.assignment.strategy":
			add(l.Name, assignors(l.Value))
		case l.Name == "ssl.endpoint.identification.algorithm" && l.Value == "":
			add(l.Name, "none")
		case strings.HasPrefix(l.Name, "ssl.truststore."), strings.HasPrefix(l.Name, "ssl.keystore."):
			store := l.Name[:len("ssl.truststore")]
			if strings.HasPrefix(l.Name, "ssl.keystore.") {
				store = "ssl.keystore"
			}
			for _, name := range storeNames(l.Name, values[store+".type"], values[store+".location"]) {
				add(name, l.Value)
			}
		case l.Name == "send.buffer.bytes" || l.Name == "receive.buffer.bytes":
			add("socket."+l.Name, l.Value)
		case l.Name == "basic.auth.user.info" || l.Name == "bearer.auth.token":
			add("schema.registry."+l.Name, l.Value)
		case l.Name == "sasl.oauthbearer.token.endpoint.url":
			add(l.Name, l.Value)
			add("sasl.oauthbearer.method", "oidc")
		case l.Name == "fetch.max.wait.ms":
			add("fetch.wait.max.ms", l.Value)
		case l.Name == "ssl.cipher.suites" && strings.Contains(l.Value, "_WITH_"):
			notes = append(notes, where+": ssl.cipher.suites is left out: OpenSSL has other names for them")
		case !onlyJava(l.Name):
			add(l.Name, l.Value)
		}
	}
	return out, notes, nil
}

// fromProvider makes a reference of what Java's configuration providers look up: a
// variable, or a file of a folder.
func fromProvider(value string) string {
	m := regexp.MustCompile(`^\$\{(env|directory):([^}:]+)(?::([^}]+))?\}$`).FindStringSubmatch(value)
	switch {
	case m == nil:
		return value
	case m[1] == "env" && m[3] == "":
		return "@env:" + m[2]
	case m[1] == "directory" && m[3] != "":
		return "@file:" + m[2] + "/" + m[3]
	case m[1] == "env": // ${env:NAMESPACE:NAME} is a variable too
		return "@env:" + m[3]
	}
	return value
}

// translated reports whether -X takes a setting as a Java client does.
func translated(name, value string) bool {
	return name == "sasl.jaas.config" || strings.HasPrefix(name, "ssl.truststore.") || strings.HasPrefix(name, "ssl.keystore.") ||
		name == "schema.registry.ssl.truststore.type" || name == "schema.registry.ssl.keystore.type" ||
		name == "ssl.endpoint.identification.algorithm" && value == ""
}

// onlyJava says that a setting has no meaning outside of a Java client, or is the
// business of each command.
func onlyJava(name string) bool {
	for _, suffix := range []string{".serializer", ".deserializer", ".serde", ".class", ".credentials.source"} {
		if strings.HasSuffix(name, suffix) {
			return true
		}
	}
	for _, prefix := range []string{"metrics.", "metric.reporters", "sasl.client.callback.", "config.providers", "sasl.login.", "auto.register.", "use.latest.", "specific.avro."} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{
		"auto.include.jmx.reporter", "buffer.memory", "default.api.timeout.ms",
		"exclude.internal.topics", "internal.leave.group.on.close", "max.block.ms",
		"max.poll.records", "max.request.size", "partitioner.adaptive.partitioning.enable",
		"partitioner.availability.timeout.ms", "partitioner.ignore.keys", "schema.registry.ssl.truststore.type", "schema.registry.ssl.keystore.type",
		"security.providers", "ssl.enabled.protocols", "ssl.keymanager.algorithm", "ssl.protocol", "ssl.provider",
		"ssl.secure.random.implementation", "ssl.trustmanager.algorithm",
	}, name)
}

func assignors(classes string) string {
	var names []string
	for _, class := range splitList(classes) {
		switch class[strings.LastIndexByte(class, '.')+1:] {
		case "RangeAssignor":
			names = append(names, "range")
		case "RoundRobinAssignor":
			names = append(names, "roundrobin")
		case "CooperativeStickyAssignor", "StickyAssignor":
			names = append(names, "cooperative-sticky")
		default:
			names = append(names, class)
		}
	}
	return strings.Join(slices.Compact(names), ",")
}

// storeNames are the properties that a setting of a Java store becomes. PEM is librdkafka's
// own; the type of another store shows in the file.
func storeNames(name, kind, path string) []string {
	isFile := strings.EqualFold(kind, "PEM") || slices.Contains([]string{".pem", ".crt", ".cer"}, strings.ToLower(filepath.Ext(path)))
	switch {
	case name == "ssl.truststore.certificates":
		return []string{"ssl.ca.pem"}
	case name == "ssl.keystore.certificate.chain":
		return []string{"ssl.certificate.pem"}
	case name == "ssl.keystore.key":
		return []string{"ssl.key.pem"}
	case name == trustStoreFile && isFile:
		return []string{"ssl.ca.location"}
	case name == keyStoreFile && isFile:
		return []string{"ssl.certificate.location", "ssl.key.location"}
	case !isFile && slices.Contains([]string{trustStoreFile, trustStorePassword, keyStoreFile, keyStorePassword}, name):
		return []string{name}
	}
	return nil
}

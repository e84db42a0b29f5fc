package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"

	"github.com/goccy/go-yaml"

	"kstream/cmd/suggest"
)

const (
	maxFile     = 1 << 20 // bytes of a configuration file
	fileVersion = 1
)

// File is a configuration file. Values may be references to secrets.
type File struct {
	Version  int                `yaml:"version,omitempty"`
	Current  string             `yaml:"current,omitempty"`
	Contexts map[string]Context `yaml:"contexts,omitempty"`
}

// Context is one cluster and how to connect to it.
type Context struct {
	Brokers    List              `yaml:"brokers,omitempty"`
	Auth       *Auth             `yaml:"auth,omitempty"`
	TLS        *TLS              `yaml:"tls,omitempty"` // present, if empty: TLS is used
	Registry   *Registry         `yaml:"schema-registry,omitempty"`
	ReadOnly   bool              `yaml:"readonly,omitempty"`
	Librdkafka map[string]Scalar `yaml:"librdkafka,omitempty"`
}

// Auth says who connects. Token is for OAUTHBEARER; with TokenURL the client
// fetches tokens itself (OIDC client credentials).
type Auth struct {
	Mechanism    string `yaml:"mechanism,omitempty"`
	Username     Scalar `yaml:"username,omitempty"`
	Password     Scalar `yaml:"password,omitempty"`
	Token        Scalar `yaml:"token,omitempty"`
	TokenURL     string `yaml:"token-url,omitempty"`
	ClientID     Scalar `yaml:"client-id,omitempty"`
	ClientSecret Scalar `yaml:"client-secret,omitempty"`
	Scope        string `yaml:"scope,omitempty"`
	Extensions   string `yaml:"extensions,omitempty"`
}

// TLS says whom to trust, and with which certificate to connect. Files are PEM.
type TLS struct {
	CA             string `yaml:"ca,omitempty"`
	Cert           string `yaml:"cert,omitempty"`
	Key            string `yaml:"key,omitempty"`
	KeyPassword    Scalar `yaml:"key-password,omitempty"`
	Insecure       bool   `yaml:"insecure,omitempty"`
	VerifyHostname *bool  `yaml:"verify-hostname,omitempty"`
}

// Registry is the schema registry of a context.
type Registry struct {
	URL      string `yaml:"url,omitempty"`
	Username Scalar `yaml:"username,omitempty"`
	Password Scalar `yaml:"password,omitempty"`
	Token    Scalar `yaml:"token,omitempty"`
	CA       string `yaml:"ca,omitempty"`
	Cert     string `yaml:"cert,omitempty"`
	Key      string `yaml:"key,omitempty"`
	Insecure bool   `yaml:"insecure,omitempty"`
}

// DefaultPath is the configuration file for an environment: $KSTREAM_CONFIG, else
// kstream/config.yaml in $XDG_CONFIG_HOME or ~/.config. It is empty when the
// environment names no home.
func DefaultPath(getenv func(string) string) string {
	if path := getenv("KSTREAM_CONFIG"); path != "" {
		return path
	}
	dir := getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) { // as the XDG base directory specification asks
		home := homeOf(getenv)
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "kstream", "config.yaml")
}

func homeOf(getenv func(string) string) string {
	if home := getenv("HOME"); home != "" || runtime.GOOS != "windows" {
		return home
	}
	return getenv("USERPROFILE")
}

// Load reads a configuration file. Warnings are about its mode. The error wraps
// fs.ErrNotExist when there is no such file.
func Load(path string) (*File, []string, error) {
	data, err := readBounded(path)
	if err != nil {
		return nil, nil, err
	}
	file, err := Parse(path, data)
	if err != nil {
		return nil, nil, err
	}
	return file, modeWarnings(path), nil
}

func modeWarnings(path string) []string {
	info, err := os.Stat(path)
	if err != nil || runtime.GOOS == "windows" || info.Mode().Perm()&0o077 == 0 || !info.Mode().IsRegular() {
		return nil
	}
	return []string{fmt.Sprintf("%s can be read by others (mode %04o): chmod 600 %s", path, info.Mode().Perm(), path)}
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &Error{Kind: NoSuchFile, Message: path + ": no such file", Cause: err}
	}
	if err != nil {
		return nil, &Error{Message: fmt.Sprintf("%s: %v", path, causeOf(err)), Cause: err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, &Error{Message: fmt.Sprintf("%s: %v", path, causeOf(err)), Cause: err}
	}
	if len(data) > maxFile {
		return nil, usagef("%s: larger than 1 MiB", path)
	}
	return data, nil
}

// causeOf drops the operation and path that an *fs.PathError repeats.
func causeOf(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}

// Parse reads the text of a configuration file; path is for errors. Keys that do
// not exist are errors, with their line.
func Parse(path string, data []byte) (*File, error) {
	var f File
	if err := bounded(path, data); err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return &f, nil
	}
	if err := yaml.UnmarshalWithOptions(data, &f, yaml.DisallowUnknownField()); err != nil && !errors.Is(err, io.EOF) {
		return nil, yamlError(path, err)
	}
	if f.Version > fileVersion || f.Version < 0 {
		return nil, usagef("%s: version %d is not known; this kstream reads version %d", path, f.Version, fileVersion)
	}
	return &f, nil
}

// yamlError makes one line of a YAML error. The library quotes the source, which
// may hold secrets: its message alone is used, without the values that it repeats.
func yamlError(path string, err error) error {
	where, message := path, err.Error()
	if at := yaml.Error(nil); errors.As(err, &at) {
		message = at.GetMessage()
		if tok := at.GetToken(); tok != nil && tok.Position != nil {
			where = fmt.Sprintf("%s:%d", path, tok.Position.Line)
		}
	}
	if at := (nodeError{}); errors.As(err, &at) {
		message = at.problem
		if tok := at.node.GetToken(); tok != nil && tok.Position != nil {
			where = fmt.Sprintf("%s:%d", path, tok.Position.Line)
		}
	}
	message, _, _ = strings.Cut(message, "\n")
	known := yamlKeys(reflect.TypeFor[File]())
	if m := regexp.MustCompile(`^unknown field "(.*)"$`).FindStringSubmatch(message); m != nil {
		return usagef("%s: unknown key %s", where, quoted(shownName(m[1], known))).hint("%s", didYouMean(suggest.Nearest(m[1], known)))
	}
	if alias, _, ok := strings.Cut(message, "alias name "); ok {
		message = alias + "alias name " + hidden
	}
	return usagef("%s: %s", where, shownQuotes(message, known))
}

// yamlKeys lists the keys of a type and the types below it.
func yamlKeys(t reflect.Type) []string {
	switch t.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice:
		return yamlKeys(t.Elem())
	case reflect.Struct:
	default:
		return nil
	}
	var keys []string
	for i := range t.NumField() {
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		keys = append(append(keys, key), yamlKeys(t.Field(i).Type)...)
	}
	return keys
}

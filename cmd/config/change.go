package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"kstream/kafka/position"
)

// Change is what is to be different in a context, as typed.
type Change struct {
	Brokers, Registry, Timeout string   // empty: as they are
	Properties                 []string // -X NAME=VALUE
	Keys                       []string // KEY=VALUE, a key with dots
	Unset                      []string // keys, with dots
}

// Apply changes a context, which is made when it is not there. Notes are for people: what
// deserves a look.
func (d *Document) Apply(name string, ch Change) (created bool, notes []string, err error) {
	_, found := d.file.Contexts[name]
	c := d.file.Contexts[name].clone()
	for _, key := range ch.Unset {
		if err := c.Put(key, ""); err != nil {
			return false, nil, locateKey("--unset "+key, err)
		}
	}
	if notes, err = c.putProperties(ch.Properties); err != nil {
		return false, nil, err
	}
	keys := slices.Clone(ch.Keys)
	for _, flag := range [][2]string{{"brokers", ch.Brokers}, {"schema-registry.url", ch.Registry}, {"timeout", ch.Timeout}} {
		if flag[1] != "" {
			keys = append(keys, flag[0]+"="+flag[1])
		}
	}
	for _, text := range keys {
		key, value, ok := strings.Cut(text, "=")
		if !ok || key == "" {
			return false, nil, usagef("%s: want KEY=VALUE", quoted(shownName(text, leafKeys()))).hint("kstream help config lists the keys")
		}
		if value == "" {
			return false, nil, usagef("%s: the value is empty", key).hint("--unset %s takes the key out", key)
		}
		if err := c.Put(key, value); err != nil {
			return false, nil, err
		}
		if IsSecret(key) && !IsReference(value) {
			notes = append(notes, key+": other users of this machine can see a secret on the command line; use @env:, @file:, @cmd: or @keyring:")
		}
	}
	more, err := d.put(name, c)
	return !found, append(notes, more...), err
}

func leafKeys() (names []string) {
	for _, k := range ContextKeys() {
		names = append(names, k.Name)
	}
	return names
}

func locateKey(where string, err error) error {
	if known := (*Error)(nil); errors.As(err, &known) {
		return &Error{known.Kind, where + ": " + known.Message, known.Hint, known.Cause}
	}
	return err
}

// putProperties sorts properties of librdkafka into the keys that there are for them.
func (c *Context) putProperties(list []string) (notes []string, err error) {
	x := newIndex()
	lines, err := x.propertyLines("-X", list)
	if err != nil {
		return nil, err
	}
	for _, l := range lines {
		if IsSecret(l.Name) && !IsReference(l.Value) {
			notes = append(notes, "-X "+l.Name+": other users of this machine can see a secret on the command line; use @env:, @file:, @cmd: or @keyring:")
		}
	}
	more, left := contextOf("-X", lines)
	c.overlay(more)
	return append(notes, left...), nil
}

// overlay takes over what other says.
func (c *Context) overlay(other Context) {
	for _, l := range other.leaves() {
		// A leaf of a context is a key of it.
		_ = c.Put(l.name(), l.text())
	}
}

// put checks a context and takes it into the document.
func (d *Document) put(name string, c Context) (notes []string, err error) {
	if err := c.check(); err != nil {
		return nil, locateKey(name, err)
	}
	if err := d.Set(name, c); err != nil {
		return nil, err
	}
	_, err = Resolve(Options{Config: d.path, Context: name, Environ: []string{"HOME=" + os.Getenv("HOME")}, loaded: d.file})
	if known := (*Error)(nil); errors.As(err, &known) {
		notes = append(notes, "not complete yet: "+known.Message+orHint(known.Hint))
	}
	return notes, nil
}

func orHint(hint string) string {
	if hint == "" {
		return ""
	}
	return "; " + hint
}

// check refuses single values that cannot be, and writes others as Kafka spells them.
func (c *Context) check() error {
	if c.Auth != nil && c.Auth.Mechanism != "" {
		mechanism, err := NormalizeMechanism(c.Auth.Mechanism)
		if err != nil {
			return locateKey("auth.mechanism", err)
		}
		c.Auth.Mechanism = mechanism
	}
	for _, b := range c.Brokers {
		if strings.Contains(b, "@") {
			return usagef("brokers: the address of a broker holds no user and no password").
				hint("auth.username and auth.password say them")
		}
	}
	if c.Timeout != "" {
		if err := checkTimeout(c.Timeout); err != nil {
			return usagef("timeout: %v", err)
		}
	}
	if err := c.checkTopics(); err != nil {
		return err
	}
	x := newIndex()
	for name := range c.Librdkafka {
		if _, err := x.check("librdkafka", name); err != nil {
			return err
		}
	}
	return nil
}

func checkTimeout(text string) error {
	d, err := position.ParseDuration(text)
	if err == nil && d <= 0 {
		err = fmt.Errorf("%q: must be more than 0", text)
	}
	return err
}

// Take puts an imported context into the document. Paths in it become absolute, since the
// file that they were written in stood elsewhere; relative ones are looked for where the
// process runs, as Java does, and then beside the file.
func (d *Document) Take(name string, c Context, from string, how Taking) (notes []string, err error) {
	old, found := d.file.Contexts[name]
	if found && !how.Replace && !how.Add {
		return nil, (&Error{Kind: Exists, Message: fmt.Sprintf("%s: there is a context %q already", d.path, name)}).
			hint("--replace puts the new one in its place, --add adds what the file says; another NAME keeps both")
	}
	for _, path := range c.paths() {
		note := absolute(path, filepath.Dir(from))
		if note != "" {
			notes = append(notes, note)
		}
	}
	if found && how.Add {
		both := old.clone()
		both.overlay(c)
		c = both
	}
	if len(c.Brokers) == 0 {
		notes = append(notes, fmt.Sprintf("no brokers in it: kstream context set %s --brokers HOST:PORT says them", name))
	}
	more, err := d.put(name, c)
	return append(notes, more...), err
}

// Taking is what becomes of a context that is there already when another is imported.
type Taking struct{ Replace, Add bool }

// paths are the fields that name files.
func (c *Context) paths() (list []*string) {
	if t := c.TLS; t != nil {
		list = append(list, &t.CA, &t.Cert, &t.Key, &t.Truststore, &t.Keystore)
	}
	if r := c.Registry; r != nil {
		list = append(list, &r.CA, &r.Cert, &r.Key)
	}
	return list
}

func absolute(path *string, beside string) (note string) {
	if *path == "" || strings.HasPrefix(*path, "~/") || isPEM(*path) || IsReference(*path) {
		return ""
	}
	for _, place := range []string{*path, filepath.Join(beside, *path)} {
		whole, err := filepath.Abs(place)
		if err != nil {
			continue
		}
		if _, err := os.Stat(whole); err == nil {
			*path = whole
			return ""
		}
		if filepath.IsAbs(*path) {
			break
		}
	}
	return "no such file here: " + shownPath(*path)
}

package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/zalando/go-keyring"
)

const (
	commandLimit   = 10 * time.Second
	keyringService = "kstream"
)

// IsReference reports whether a value names a secret instead of being one.
func IsReference(value string) bool {
	for _, scheme := range []string{"@env:", "@file:", "@cmd:", "@keyring:"} {
		if strings.HasPrefix(value, scheme) {
			return true
		}
	}
	return false
}

// Secrets looks references up. The zero value uses the process's own environment
// and the keyring of the system.
type Secrets struct {
	Getenv  func(string) (string, bool)       // os.LookupEnv when nil
	Keyring func(name string) (string, error) // the system's when nil

	withheld []string // variables that the commands of @cmd: do not get, for they hold other secrets
}

// Lookup returns the value behind a reference, or value itself when it is none.
//
//	@env:NAME      an environment variable, which must be set
//	@file:PATH     a file's text without the newline at its end; ~/ is the home
//	@cmd:COMMAND   what a command prints, likewise; no shell: words are split at
//	               spaces outside of quotes; it has 10 seconds, and no variable of
//	               the environment that holds another secret of the settings
//	@keyring:NAME  the password of account NAME of service "kstream"
//
// Errors are *Error and begin with the reference.
func (s Secrets) Lookup(ctx context.Context, value string) (string, error) {
	if !IsReference(value) {
		return value, nil
	}
	scheme, name, _ := strings.Cut(value[1:], ":")
	switch {
	case name == "":
		return "", usagef("%s: a name is missing after the colon", value)
	case scheme == "env":
		return s.fromEnv(value, name)
	case scheme == "file":
		return s.fromFile(value, name)
	case scheme == "cmd":
		return s.fromCommand(ctx, value, name)
	default:
		return s.fromKeyring(value, name)
	}
}

func (s Secrets) fromEnv(value, name string) (string, error) {
	lookup := s.Getenv
	if lookup == nil {
		lookup = os.LookupEnv
	}
	secret, ok := lookup(name)
	if !ok {
		return "", usagef("%s: the variable is not set", value)
	}
	return secret, nil
}

func (s Secrets) fromFile(value, name string) (string, error) {
	lookup := s.Getenv
	if lookup == nil {
		lookup = os.LookupEnv
	}
	path := expandHome(name, func(name string) string { v, _ := lookup(name); return v })
	data, err := readBounded(path)
	if known := (*Error)(nil); errors.As(err, &known) {
		return "", &Error{Kind: known.Kind, Message: value + ": " + strings.TrimPrefix(known.Message, path+": "), Cause: err}
	}
	return withoutNewline(string(data)), err
}

func withoutNewline(s string) string {
	return strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r")
}

// expandHome replaces a leading ~/ by the home directory.
func expandHome(path string, getenv func(string) string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		return filepath.Join(homeOf(getenv), rest)
	}
	return path
}

func (s Secrets) fromCommand(ctx context.Context, value, command string) (string, error) {
	argv, err := splitWords(command)
	if err != nil {
		return "", usagef("%s: %v", value, err)
	}
	ctx, stop := context.WithTimeoutCause(ctx, commandLimit, errors.New("no answer within 10s"))
	defer stop()
	var stdout, stderr limited
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Env = WithoutSecrets(os.Environ(), s.withheld)
	cmd.WaitDelay = time.Second // for children that keep the pipes open
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return "", usagef("%s: %v", value, context.Cause(ctx))
	case err != nil:
		text, _, _ := strings.Cut(strings.TrimSpace(stderr.String()), "\n")
		if text != "" {
			text = ": " + text
		}
		return "", usagef("%s: %v%s", value, err, text)
	case stdout.Len() > maxFile:
		return "", usagef("%s: it printed more than 1 MiB", value)
	}
	return withoutNewline(stdout.String()), nil
}

// limited keeps a little more than maxFile bytes of what is written to it.
type limited struct{ bytes.Buffer }

func (l *limited) Write(p []byte) (int, error) {
	if room := maxFile + 1 - l.Len(); room > 0 {
		l.Buffer.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}

// splitWords splits at spaces. Quotes of either kind hold a word together, a
// backslash outside of single quotes takes the next character as it is.
func splitWords(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	inWord, quote, escaped := false, rune(0), false
	for _, c := range s {
		switch {
		case escaped:
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quote != '\'':
			inWord, escaped = true, true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '"' || c == '\'':
			inWord, quote = true, c
		case c == ' ' || c == '\t' || c == '\n':
			if inWord {
				words = append(words, word.String())
				word.Reset()
			}
			inWord = false
		default:
			inWord = true
			word.WriteRune(c)
		}
	}
	if quote != 0 || escaped {
		return nil, errors.New("a quote is not closed")
	}
	if inWord {
		words = append(words, word.String())
	}
	if len(words) == 0 || words[0] == "" {
		return nil, errors.New("the command is empty")
	}
	return words, nil
}

func (s Secrets) fromKeyring(value, name string) (string, error) {
	get := s.Keyring
	if get == nil {
		get = func(name string) (string, error) { return keyring.Get(keyringService, name) }
	}
	secret, err := get(name)
	if errors.Is(err, keyring.ErrNotFound) {
		return "", usagef("%s: the keyring has no such secret", value).
			hint("store it as account %q of service %q", name, keyringService)
	}
	if err != nil {
		e := usagef("%s: no keyring on this machine (%v)", value, err).hint("use @file: or @cmd: instead")
		e.Cause = err
		return "", e
	}
	return secret, nil
}

func secretError(name string, origin Origin, err error) error {
	known := (*Error)(nil)
	if !errors.As(err, &known) {
		return err
	}
	return &Error{known.Kind, fmt.Sprintf("%s (%s): %s", name, origin, known.Message), known.Hint, known.Cause}
}

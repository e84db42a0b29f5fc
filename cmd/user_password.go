package cmd

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"kstream/cmd/cli"
	"kstream/cmd/config"
)

// maxPassword bounds what is read as one, in bytes.
const maxPassword = 64 << 10

// askPassword gets the password from where the flags say, from a person, or from stdin.
func (p *userSetPlan) askPassword(ctx context.Context, env *cli.Env) ([]byte, error) {
	var password []byte
	var err error
	from := "stdin"
	switch {
	case p.reference != "":
		from = p.reference
		var text string
		text, err = config.Secrets{}.Lookup(ctx, p.reference)
		password = []byte(text)
	case env.StdinTerminal:
		password, err = promptPassword(ctx, env, p.name)
	default:
		password, err = readSecret(ctx, env.Stdin)
	}
	switch {
	case err != nil:
		return nil, err
	case len(password) == 0:
		return nil, cli.Hint(cli.Usagef("%s: no password there", from), "--password @env:NAME and --password-file FILE name another place")
	case len(password) > maxPassword:
		return nil, cli.Usagef("%s: a password of more than 64 KiB", from)
	case bytes.ContainsAny(password, "\r\n\x00"):
		return nil, cli.Usagef("%s: a password is one line", from)
	}
	return password, nil
}

// promptPassword asks twice on the terminal, which shows nothing of what is typed.
func promptPassword(ctx context.Context, env *cli.Env, user string) ([]byte, error) {
	first, err := promptHidden(ctx, env, "Password of "+cli.OneLine(user)+": ")
	if err != nil {
		return nil, err
	}
	again, err := promptHidden(ctx, env, "Again: ")
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, again) {
		return nil, cli.Usagef("the two passwords differ: nothing was changed")
	}
	return first, nil
}

// promptHidden reads one line from the terminal, or ends with ctx; the terminal then
// shows again what is typed.
func promptHidden(ctx context.Context, env *cli.Env, prompt string) ([]byte, error) {
	terminal, ok := env.Stdin.(*os.File)
	if !ok {
		return nil, cli.Usagef("there is no terminal to ask for a password on")
	}
	shown, err := term.GetState(int(terminal.Fd()))
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(env.Stderr, prompt); err != nil {
		return nil, err
	}
	line, err := cli.Within(ctx, func() ([]byte, error) { return term.ReadPassword(int(terminal.Fd())) })
	fmt.Fprintln(env.Stderr)
	if ctx.Err() != nil {
		err = term.Restore(int(terminal.Fd()), shown)
		if stop := cli.Stopped(ctx); stop != nil {
			err = stop
		}
	}
	return line, err
}

// readSecret reads what a program hands over on stdin: one line, or all there is.
func readSecret(ctx context.Context, stdin io.Reader) ([]byte, error) {
	text, err := cli.Within(ctx, func() ([]byte, error) { return io.ReadAll(io.LimitReader(stdin, maxPassword+3)) })
	return bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r")), err
}

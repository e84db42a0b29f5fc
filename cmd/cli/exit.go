package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"kstream/cmd/config"
	"kstream/kafka"
	"kstream/kafka/oauth"
	"kstream/kafka/probe"
	"kstream/output"
	"kstream/serde"
)

// exitStatus is one row of the table of exit codes: what scripts may rely on.
type exitStatus struct {
	Code    int
	Name    string
	Meaning string
}

// ExitStatuses is the only list of exit codes; the help, the manual and a test are
// made from it.
func ExitStatuses() []exitStatus {
	return []exitStatus{
		{0, "ok", "did what was asked; also: the reader closed the pipe, an endless read was told to stop"},
		{1, "failed", "the broker refused, a delivery failed, or one of several items failed (all are tried and listed)"},
		{2, "usage", "bad flag, argument, configuration or expression; nothing was attempted"},
		{3, "not-found", "no such topic, group, subject, user, ACL, transaction, table, context, file"},
		{4, "denied", "authentication or authorization"},
		{5, "unreachable", "no broker or registry reached, in time or at all, or the registry fails; name not resolved; TLS handshake failed"},
		{6, "data", "a record could not be decoded, encoded or validated, and --on-error did not allow it"},
		{7, "unmet", "a stated expectation is false: expect, diff, lag --max, schema check, stats --rule, --verify, --fail-empty; the registry refuses a schema"},
		{8, "refused", "unsafe or in the way: see error.code"},
		{70, "bug", "a panic; says how to report it"},
		{124, "timeout", "a deadline that the user named passed: wait --within, -n not reached at --for or --idle-timeout"},
		{129, "signal", "SIGHUP cut bounded work short; stopped in order"},
		{130, "signal", "SIGINT cut bounded work short; stopped in order"},
		{143, "signal", "SIGTERM cut bounded work short; stopped in order"},
	}
}

// Code is the machine-readable name of a failure: `error.code` in JSON. The
// list is closed.
type Code string

// Codes that commands give to errors of their own; those below in lower case are found by
// CodeOf alone. Each ends the process with the exit code that its row in the table has.
const (
	CodeUsage              Code = "usage"
	CodeUnknownTopic       Code = "unknown_topic"
	CodeUnknownGroup       Code = "unknown_group"
	CodeUnknownSubject     Code = "unknown_subject"
	CodeUnknownUser        Code = "unknown_user"
	CodeUnknownACL         Code = "unknown_acl"
	CodeUnknownTransaction Code = "unknown_transaction"
	CodeUnknownTable       Code = "unknown_table"
	codeUnknownContext     Code = "unknown_context"
	CodeNoSuchFile         Code = "no_such_file"
	CodeDenied             Code = "denied"
	CodeAuthFailed         Code = "auth_failed"
	CodeUnreachable        Code = "unreachable"
	codeTLSFailed          Code = "tls_failed"
	CodeRegistry           Code = "registry_unreachable"
	CodeBadData            Code = "bad_data"
	CodeUnmet              Code = "unmet"
	codeIncompatible       Code = "incompatible"
	CodeNeedsYes           Code = "needs_yes"
	codeGroupActive        Code = "group_active"
	CodeAlreadyExists      Code = "already_exists"
	CodeFenced             Code = "fenced"
	CodeReadOnlyContext    Code = "read_only_context"
	CodeSameTopic          Code = "same_topic"
	CodeNotAPipe           Code = "not_a_pipe"
	CodeStateMismatch      Code = "state_mismatch"
	CodeDeliveryFailed     Code = "delivery_failed"
	CodePartial            Code = "partial"
	CodeTimeout            Code = "timeout"
	codeInterrupted        Code = "interrupted"
	CodeFailed             Code = "failed"
	CodeBug                Code = "bug"
)

// ExitOf returns the exit code of every error code but codeInterrupted, whose signal
// decides.
func ExitOf(c Code) int {
	switch c {
	case CodeUsage:
		return 2
	case CodeUnknownTopic, CodeUnknownGroup, CodeUnknownSubject, CodeUnknownUser, CodeUnknownACL, CodeUnknownTransaction, CodeUnknownTable, codeUnknownContext, CodeNoSuchFile:
		return 3
	case CodeDenied, CodeAuthFailed:
		return 4
	case CodeUnreachable, codeTLSFailed, CodeRegistry:
		return 5
	case CodeBadData:
		return 6
	case CodeUnmet, codeIncompatible:
		return 7
	case CodeNeedsYes, codeGroupActive, CodeAlreadyExists, CodeFenced, CodeReadOnlyContext, CodeSameTopic, CodeNotAPipe, CodeStateMismatch:
		return 8
	case CodeBug:
		return 70
	case CodeTimeout:
		return 124
	case codeInterrupted:
		return 130
	}
	return 1
}

// CodedError is an error with the code that it ends with.
type CodedError struct {
	Code Code
	Err  error
}

func (f *CodedError) Error() string { return f.Err.Error() }

func (f *CodedError) Unwrap() error { return f.Err }

// Errorf returns an error with a code. Its text, and what it wraps, are those of
// fmt.Errorf.
func Errorf(code Code, format string, args ...any) error {
	return &CodedError{code, fmt.Errorf(format, args...)}
}

// Usagef is an error of the person who typed the command: nothing was attempted.
func Usagef(format string, args ...any) error { return Errorf(CodeUsage, format, args...) }

// hinted carries the remedy for an error; it is printed on a line of its own.
type hinted struct {
	err  error
	hint string
}

func (h *hinted) Error() string { return h.err.Error() }

func (h *hinted) Unwrap() error { return h.err }

// Hint adds a remedy to err. An error that has one already keeps it.
func Hint(err error, format string, args ...any) error {
	var h *hinted
	if err == nil || errors.As(err, &h) {
		return err
	}
	return &hinted{err, fmt.Sprintf(format, args...)}
}

// ExitError passes an exit code through without a message: the child of sandbox has
// said all there was to say.
type ExitError struct{ Status int }

func (e *ExitError) Error() string { return fmt.Sprintf("exit status %d", e.Status) }

// InterruptedError is the cause of a context that a signal ended.
type InterruptedError struct{ Signal os.Signal }

func (e *InterruptedError) Error() string {
	name := e.Signal.String()
	switch e.Signal {
	case os.Interrupt:
		name = "SIGINT"
	case syscall.SIGTERM:
		name = "SIGTERM"
	case syscall.SIGHUP:
		name = "SIGHUP"
	}
	return "interrupted (" + name + ")"
}

func (e *InterruptedError) status() int {
	switch e.Signal {
	case syscall.SIGTERM:
		return 143
	case syscall.SIGHUP:
		return 129
	}
	return 130
}

// CodeOf finds the code of an error, whatever package it comes from.
func CodeOf(err error) Code {
	var f *CodedError
	var interrupted *InterruptedError
	var decode *serde.DecodeError
	var encode *serde.EncodeError
	var spec *serde.SpecError
	var settings *config.Error
	switch {
	case errors.As(err, &f):
		return f.Code
	case errors.As(err, &settings):
		return settingsCode(settings.Kind)
	case errors.As(err, &interrupted):
		return codeInterrupted
	case errors.Is(err, kafka.ErrUnknownTopic):
		return CodeUnknownTopic
	case errors.Is(err, kafka.ErrNoTransaction):
		return CodeUnknownTransaction
	case errors.Is(err, kafka.ErrUnknownGroup):
		return CodeUnknownGroup
	case errors.Is(err, kafka.ErrAuth):
		return CodeAuthFailed
	case errors.Is(err, kafka.ErrDenied):
		return CodeDenied
	case errors.Is(err, kafka.ErrTLS):
		return codeTLSFailed
	case errors.Is(err, kafka.ErrUnreachable):
		return CodeUnreachable
	case errors.Is(err, kafka.ErrProperty):
		return CodeUsage
	case errors.Is(err, kafka.ErrExists):
		return CodeAlreadyExists
	case errors.Is(err, kafka.ErrFenced):
		return CodeFenced
	case errors.Is(err, kafka.ErrGroupActive):
		return codeGroupActive
	case errors.Is(err, kafka.ErrCorrupt), errors.Is(err, kafka.ErrUnreadable):
		return CodeBadData
	case registryCode(err) != "":
		return registryCode(err)
	case errors.As(err, &spec):
		return CodeUsage
	case errors.As(err, &decode), errors.As(err, &encode):
		return CodeBadData
	case errors.Is(err, fs.ErrNotExist):
		return CodeNoSuchFile
	}
	return CodeFailed
}

// settingsCode is for an error about how to connect, before anything was connected.
func settingsCode(k config.Kind) Code {
	switch k {
	case config.UnknownContext:
		return codeUnknownContext
	case config.NoSuchFile:
		return CodeNoSuchFile
	case config.Exists:
		return CodeAlreadyExists
	}
	return CodeUsage
}

// Finish turns the outcome of a command into what stderr says and the exit code: the
// one place where an error becomes text. Under asJSON the last line is an object.
func Finish(stderr io.Writer, err error, asJSON bool) int {
	var passed *ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &passed):
		return passed.Status
	case errors.Is(err, ErrGone):
		return 0 // the reader has had enough
	}
	code := CodeOf(err)
	status := ExitOf(code)
	var interrupted *InterruptedError
	if errors.As(err, &interrupted) {
		status = interrupted.status()
	}
	message := OneLine(err.Error())
	remedy := OneLine(Remedy(err))
	if asJSON {
		line, jsonErr := output.MarshalLine(map[string]any{"error": jsonError{code, status, message, remedy}})
		if jsonErr == nil {
			fmt.Fprintf(stderr, "%s\n", line)
			return status
		}
	}
	fmt.Fprintf(stderr, "kstream: %s\n", message)
	if remedy != "" {
		fmt.Fprintf(stderr, "hint: %s\n", remedy)
	}
	return status
}

// Remedy returns the hint that an error carries, or the one for its kind, or "".
func Remedy(err error) string {
	var h *hinted
	var settings *config.Error
	var join *kafka.JoinError
	var denied *kafka.DeniedError
	var connection *probe.Problem
	var endpoint *oauth.EndpointError
	switch {
	case errors.As(err, &h):
		return h.hint
	case errors.As(err, &denied):
		return deniedRemedy(denied)
	case errors.As(err, &join):
		return joinRemedy(join)
	case errors.As(err, &settings):
		return settings.Hint
	case errors.As(err, &endpoint):
		return endpointRemedy(endpoint)
	case errors.Is(err, oauth.ErrExpired):
		return "get a new one; @cmd: or @file: in --token, KSTREAM_TOKEN or auth.token is read anew before one expires"
	case errors.As(err, &connection) && connectRemedy(connection) != "":
		return connectRemedy(connection)
	case errors.Is(err, kafka.ErrUnreachable):
		return "is it running, and is this its address? kstream broker starts one on localhost:9092; -b names another"
	case IsOutage(err):
		return registryRemedy(err)
	}
	return ""
}

// deniedRemedy is the command that allows what was denied.
func deniedRemedy(e *kafka.DeniedError) string {
	on := "--" + strings.ReplaceAll(e.Resource, "_", "-")
	if e.Name != "" {
		on += " " + shellWord(e.Name)
	}
	return fmt.Sprintf("kstream acl create --principal %s --operation %s %s allows it", shellWord(cmp.Or(e.Principal, "User:NAME")), e.Operation, on)
}

// shellWord quotes a word that a shell would take apart.
func shellWord(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool {
		return r > 127 || r <= ' ' || strings.ContainsRune("'\"`$\\*?[](){}<>|&;#~!", r)
	}) {
		return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return s
}

// joinRemedy is the hint for a member that its group does not take.
func joinRemedy(e *kafka.JoinError) string {
	switch {
	case e.Assignor != "":
		return fmt.Sprintf("--assignor %s joins them", e.Assignor)
	case errors.Is(e, kafka.ErrFenced):
		return "each process needs an --instance-id of its own"
	}
	return ""
}

type jsonError struct {
	Code    Code   `json:"code"`
	Exit    int    `json:"exit"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

// OneLine keeps a message on one line and harmless on a terminal: parts of it may
// come from a broker or a record. What a terminal would act on is escaped.
func OneLine(s string) string {
	return output.Escaped(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, strings.TrimSpace(s)))
}

// Stopped returns how a command ended whose context is over: bounded work that a signal
// cut short is an interruption, everything else is no error.
func Stopped(ctx context.Context) error {
	var interrupted *InterruptedError
	if cause := context.Cause(ctx); errors.As(cause, &interrupted) {
		return interrupted
	}
	return nil
}

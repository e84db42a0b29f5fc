package cmd

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
	"kstream/output"
	"kstream/serde"
)

// exitStatus is one row of the table of exit codes: what scripts may rely on.
type exitStatus struct {
	Code    int
	Name    string
	Meaning string
}

// exitStatuses is the only list of exit codes; the help, the manual and a test are
// made from it.
func exitStatuses() []exitStatus {
	return []exitStatus{
		{0, "ok", "did what was asked; also: the reader closed the pipe, an endless read was told to stop"},
		{1, "failed", "the broker refused, a delivery failed, or one of several items failed (all are tried and listed)"},
		{2, "usage", "bad flag, argument, configuration or expression; nothing was attempted"},
		{3, "not-found", "no such topic, group, subject, user, ACL, context, file"},
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

// errorCode is the machine-readable name of a failure: `error.code` in JSON. The
// list is closed.
type errorCode string

const (
	codeUsage           errorCode = "usage"
	codeUnknownTopic    errorCode = "unknown_topic"
	codeUnknownGroup    errorCode = "unknown_group"
	codeUnknownSubject  errorCode = "unknown_subject"
	codeUnknownUser     errorCode = "unknown_user"
	codeUnknownACL      errorCode = "unknown_acl"
	codeUnknownContext  errorCode = "unknown_context"
	codeNoSuchFile      errorCode = "no_such_file"
	codeDenied          errorCode = "denied"
	codeAuthFailed      errorCode = "auth_failed"
	codeUnreachable     errorCode = "unreachable"
	codeTLSFailed       errorCode = "tls_failed"
	codeRegistry        errorCode = "registry_unreachable"
	codeBadData         errorCode = "bad_data"
	codeUnmet           errorCode = "unmet"
	codeIncompatible    errorCode = "incompatible"
	codeNeedsYes        errorCode = "needs_yes"
	codeGroupActive     errorCode = "group_active"
	codeAlreadyExists   errorCode = "already_exists"
	codeFenced          errorCode = "fenced"
	codeReadOnlyContext errorCode = "read_only_context"
	codeSameTopic       errorCode = "same_topic"
	codeNotAPipe        errorCode = "not_a_pipe"
	codeDeliveryFailed  errorCode = "delivery_failed"
	codePartial         errorCode = "partial"
	codeTimeout         errorCode = "timeout"
	codeInterrupted     errorCode = "interrupted"
	codeFailed          errorCode = "failed"
	codeBug             errorCode = "bug"
)

// exitOf gives the exit code of every error code but codeInterrupted, whose signal
// decides.
func exitOf(c errorCode) int {
	switch c {
	case codeUsage:
		return 2
	case codeUnknownTopic, codeUnknownGroup, codeUnknownSubject, codeUnknownUser, codeUnknownACL, codeUnknownContext, codeNoSuchFile:
		return 3
	case codeDenied, codeAuthFailed:
		return 4
	case codeUnreachable, codeTLSFailed, codeRegistry:
		return 5
	case codeBadData:
		return 6
	case codeUnmet, codeIncompatible:
		return 7
	case codeNeedsYes, codeGroupActive, codeAlreadyExists, codeFenced, codeReadOnlyContext, codeSameTopic, codeNotAPipe:
		return 8
	case codeBug:
		return 70
	case codeTimeout:
		return 124
	case codeInterrupted:
		return 130
	}
	return 1
}

// fault is an error that says which code it ends with.
type fault struct {
	code errorCode
	err  error
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

func faultf(code errorCode, format string, args ...any) error {
	return &fault{code, fmt.Errorf(format, args...)}
}

// usagef is an error of the person who typed the command: nothing was attempted.
func usagef(format string, args ...any) error { return faultf(codeUsage, format, args...) }

// hinted carries the remedy for an error; it is printed on a line of its own.
type hinted struct {
	err  error
	hint string
}

func (h *hinted) Error() string { return h.err.Error() }
func (h *hinted) Unwrap() error { return h.err }

// hint adds a remedy to err. An error that has one already keeps it.
func hint(err error, format string, args ...any) error {
	var h *hinted
	if err == nil || errors.As(err, &h) {
		return err
	}
	return &hinted{err, fmt.Sprintf(format, args...)}
}

// exitError passes an exit code through without a message: the child of sandbox has
// said all there was to say.
type exitError struct{ status int }

func (e *exitError) Error() string { return fmt.Sprintf("exit status %d", e.status) }

// errInterrupted is the cause of a context that a signal ended.
type errInterrupted struct{ signal os.Signal }

func (e *errInterrupted) Error() string { return "interrupted by " + e.signal.String() }

func (e *errInterrupted) status() int {
	switch e.signal {
	case syscall.SIGTERM:
		return 143
	case syscall.SIGHUP:
		return 129
	}
	return 130
}

// classify finds the code of an error, whatever package it comes from.
func classify(err error) errorCode {
	var f *fault
	var interrupted *errInterrupted
	var decode *serde.DecodeError
	var encode *serde.EncodeError
	var spec *serde.SpecError
	var settings *config.Error
	switch {
	case errors.As(err, &f):
		return f.code
	case errors.As(err, &settings):
		return settingsCode(settings.Kind)
	case errors.As(err, &interrupted):
		return codeInterrupted
	case errors.Is(err, kafka.ErrUnknownTopic):
		return codeUnknownTopic
	case errors.Is(err, kafka.ErrUnknownGroup):
		return codeUnknownGroup
	case errors.Is(err, kafka.ErrAuth):
		return codeAuthFailed
	case errors.Is(err, kafka.ErrDenied):
		return codeDenied
	case errors.Is(err, kafka.ErrTLS):
		return codeTLSFailed
	case errors.Is(err, kafka.ErrUnreachable):
		return codeUnreachable
	case errors.Is(err, kafka.ErrProperty):
		return codeUsage
	case errors.Is(err, kafka.ErrExists):
		return codeAlreadyExists
	case errors.Is(err, kafka.ErrFenced):
		return codeFenced
	case errors.Is(err, kafka.ErrGroupActive):
		return codeGroupActive
	case errors.Is(err, kafka.ErrCorrupt), errors.Is(err, kafka.ErrUnreadable):
		return codeBadData
	case registryCode(err) != "":
		return registryCode(err)
	case errors.As(err, &spec):
		return codeUsage
	case errors.As(err, &decode), errors.As(err, &encode):
		return codeBadData
	case errors.Is(err, fs.ErrNotExist):
		return codeNoSuchFile
	}
	return codeFailed
}

// settingsCode is for an error about how to connect, before anything was connected.
func settingsCode(k config.Kind) errorCode {
	switch k {
	case config.UnknownContext:
		return codeUnknownContext
	case config.NoSuchFile:
		return codeNoSuchFile
	}
	return codeUsage
}

// finish turns the outcome of a command into what stderr says and the exit code: the
// one place where an error becomes text. Under asJSON the last line is an object.
func finish(stderr io.Writer, err error, asJSON bool) int {
	var passed *exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &passed):
		return passed.status
	case errors.Is(err, errGone):
		return 0 // the reader has had enough
	}
	code := classify(err)
	status := exitOf(code)
	var interrupted *errInterrupted
	if errors.As(err, &interrupted) {
		status = interrupted.status()
	}
	message := oneLine(err.Error())
	remedy := oneLine(remedyOf(err))
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

// remedyOf finds the hint that an error carries, or the one for its kind.
func remedyOf(err error) string {
	var h *hinted
	var settings *config.Error
	var join *kafka.JoinError
	switch {
	case errors.As(err, &h):
		return h.hint
	case errors.As(err, &join):
		return joinRemedy(join)
	case errors.As(err, &settings):
		return settings.Hint
	case errors.Is(err, kafka.ErrUnreachable):
		return "is it running, and is this its address? kstream broker starts one on localhost:9092; -b names another"
	case isOutage(err):
		return registryRemedy(err)
	}
	return ""
}

// joinRemedy is the hint for a member that its group does not take.
func joinRemedy(e *kafka.JoinError) string {
	switch {
	case errors.Is(e, kafka.ErrDenied):
		return fmt.Sprintf("kstream acl create --principal %s --operation read --group %s allows it", cmp.Or(e.Principal, "User:NAME"), e.Group)
	case e.Assignor != "":
		return fmt.Sprintf("--assignor %s joins them", e.Assignor)
	case errors.Is(e, kafka.ErrFenced):
		return "each process needs an --instance-id of its own"
	}
	return ""
}

type jsonError struct {
	Code    errorCode `json:"code"`
	Exit    int       `json:"exit"`
	Message string    `json:"message"`
	Hint    string    `json:"hint,omitempty"`
}

// oneLine keeps a message on one line and harmless on a terminal: parts of it may
// come from a broker or a record. What a terminal would act on is escaped.
func oneLine(s string) string {
	return output.Escaped(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		return r
	}, strings.TrimSpace(s)))
}

// stopped says how a command ended whose context is over: bounded work that a signal
// cut short is an interruption, everything else is no error.
func stopped(ctx context.Context) error {
	var interrupted *errInterrupted
	if cause := context.Cause(ctx); errors.As(cause, &interrupted) {
		return interrupted
	}
	return nil
}

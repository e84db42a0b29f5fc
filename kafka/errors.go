package kafka

import (
	"errors"
	"fmt"
)

// The sentinels, of which every error of this package wraps one, except for the cause of a
// context; test with errors.Is. The exit codes of commands follow from them.
var (
	ErrUnreachable  = errors.New("unreachable")
	ErrTLS          = errors.New("TLS handshake")
	ErrAuth         = errors.New("authentication")
	ErrDenied       = errors.New("not authorized")
	ErrUnknownTopic = errors.New("no such topic")
	ErrUnknownGroup = errors.New("no such group")
	ErrExists       = errors.New("already exists")
	ErrGroupActive  = errors.New("the group is active")
	ErrFenced       = errors.New("fenced by another instance")
	ErrProperty     = errors.New("property")
	ErrCorrupt      = errors.New("corrupt data")
	ErrNoLeader     = errors.New("no leader")
	ErrUnreadable   = errors.New("cannot be read")
	ErrTransaction  = errors.New("the transaction cannot be committed")
	ErrFailed       = errors.New("refused by the broker")
)

// ErrTooLarge is the error of a record that makes a batch larger than its topic's
// max.message.bytes. It wraps ErrFailed.
var ErrTooLarge = fmt.Errorf("%w: larger than the topic's max.message.bytes allows", ErrFailed)

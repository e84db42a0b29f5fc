package protocol

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/xdg-go/scram"
)

// Login is a way to log in by SASL. It may be used by several clients.
type Login struct {
	mechanism string
	begin     func(context.Context) (dialogue, error)
}

// LoginError is a login that did not succeed. It wraps ErrLogin and its cause.
type LoginError struct {
	Address string
	// Offered are the mechanisms of a broker that does not offer ours.
	Offered []string
	// Reason is what the broker said, or what kept us from asking.
	Reason error
	// Asked says that the broker has seen what we log in with, and refused it.
	Asked bool
}

func (e *LoginError) Error() string { return fmt.Sprintf("%s: %v: %v", e.Address, ErrLogin, e.Reason) }

// Unwrap returns ErrLogin and the reason.
func (e *LoginError) Unwrap() []error { return []error{ErrLogin, e.Reason} }

// dialogue returns the next message to what the broker has said, nil at first. Its message
// is nil when all is said.
type dialogue func(said []byte) (message []byte, err error)

// Plain logs in with the mechanism PLAIN (RFC 4616).
func Plain(user, password string) *Login {
	return &Login{"PLAIN", func(context.Context) (dialogue, error) {
		return once([]byte("\x00" + user + "\x00" + password)), nil
	}}
}

// once is a dialogue of a single message.
func once(message []byte) dialogue {
	return func(said []byte) ([]byte, error) {
		if said == nil {
			return message, nil
		}
		return nil, nil
	}
}

// SCRAM logs in with SCRAM-SHA-256 or SCRAM-SHA-512 (RFC 5802). User and password are
// taken as they are, like brokers and librdkafka do.
func SCRAM(mechanism, user, password string) (*Login, error) {
	var hash scram.HashGeneratorFcn
	switch mechanism {
	case "SCRAM-SHA-256":
		hash = scram.SHA256
	case "SCRAM-SHA-512":
		hash = scram.SHA512
	default:
		return nil, fmt.Errorf("mechanism %q: want SCRAM-SHA-256 or SCRAM-SHA-512", mechanism)
	}
	client, err := hash.NewClientUnprepped(user, password, "")
	if err != nil {
		return nil, err
	}
	return &Login{mechanism, func(context.Context) (dialogue, error) {
		talk := client.NewConversation()
		return func(said []byte) ([]byte, error) {
			message, err := talk.Step(string(said))
			if err != nil || talk.Done() {
				return nil, err
			}
			return []byte(message), nil
		}, nil
	}}, nil
}

// Each logs in as get says, which each connection asks for a Login of the mechanism.
func Each(mechanism string, get func() (*Login, error)) *Login {
	return &Login{mechanism, func(ctx context.Context) (dialogue, error) {
		login, err := get()
		if err != nil {
			return nil, err
		}
		return login.begin(ctx)
	}}
}

// Bearer logs in with the mechanism OAUTHBEARER (RFC 7628) and extensions to it. Each
// connection asks for a token.
func Bearer(token func(context.Context) (string, error), extensions map[string]string) *Login {
	more := ""
	for _, name := range slices.Sorted(maps.Keys(extensions)) {
		more += name + "=" + extensions[name] + "\x01"
	}
	return &Login{"OAUTHBEARER", func(ctx context.Context) (dialogue, error) {
		text, err := token(ctx)
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		refused := ""
		return func(said []byte) ([]byte, error) {
			switch {
			case said == nil:
				return []byte("n,,\x01auth=Bearer " + text + "\x01" + more + "\x01"), nil
			case len(said) == 0:
				return nil, nil
			case refused != "":
				return nil, errors.New(refused)
			}
			refused = string(said)
			return []byte("\x01"), nil // as the RFC wants it: the broker then refuses
		}, nil
	}}
}

// login logs in.
func (c *conn) login(ctx context.Context, l *Login) error {
	failed := &LoginError{Address: c.address}
	refused := func(err error) error {
		failed.Reason = err
		return failed
	}
	hello := kmsg.NewPtrSASLHandshakeRequest()
	hello.Mechanism = l.mechanism
	if err := c.pick(hello, 1); err != nil {
		return err
	}
	answer, err := c.ask(ctx, hello)
	if err != nil {
		return err
	}
	offer := answer.(*kmsg.SASLHandshakeResponse)
	switch err := kerr.ErrorForCode(offer.ErrorCode); {
	case errors.Is(err, kerr.UnsupportedSaslMechanism):
		failed.Offered = offer.SupportedMechanisms
		return refused(fmt.Errorf("the broker does not offer %s, but %s", l.mechanism, strings.Join(offer.SupportedMechanisms, ", ")))
	case err != nil:
		return refused(err)
	}
	next, err := l.begin(ctx)
	if err != nil {
		return refused(err)
	}
	var said []byte
	for {
		message, err := next(said)
		if err != nil {
			return refused(err)
		}
		if message == nil {
			return nil
		}
		r := kmsg.NewPtrSASLAuthenticateRequest()
		r.SASLAuthBytes = message
		if err := c.pick(r, 0); err != nil {
			return err
		}
		failed.Asked = true
		answer, err := c.ask(ctx, r)
		switch {
		case errors.Is(err, errClosed): // instead of saying so
			return refused(errClosed)
		case err != nil:
			return err
		}
		step := answer.(*kmsg.SASLAuthenticateResponse)
		if err := kerr.ErrorForCode(step.ErrorCode); err != nil {
			if step.ErrorMessage != nil && *step.ErrorMessage != "" {
				err = errors.New(*step.ErrorMessage)
			}
			return refused(err)
		}
		if life := time.Duration(step.SessionLifetimeMillis) * time.Millisecond; life > 0 {
			c.expires = time.Now().Add(life * 85 / 100) // brokers end the connection then (KIP-368)
		}
		said = append([]byte{}, step.SASLAuthBytes...)
	}
}

// pick sets the version of r, which is to be least or newer.
func (c *conn) pick(r kmsg.Request, least int16) error {
	version, err := c.version(r, r.MaxVersion())
	if err == nil && version < least {
		err = fmt.Errorf("%s: %s in version %d: %w", c.address, nameOf(r), least, ErrVersion)
	}
	r.SetVersion(version)
	return err
}

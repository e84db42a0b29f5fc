package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"kstream/kafka/oauth"
	"kstream/kafka/probe"
)

// Credentials are the user and the password of a login, which somebody may change while
// clients run. They are safe for concurrent use.
type Credentials struct {
	read func(context.Context) (user, password string, err error)

	mu             sync.Mutex
	user, password string
}

// NewCredentials returns what read has returned before. It is called again when a broker
// refuses that.
func NewCredentials(user, password string, read func(context.Context) (user, password string, err error)) *Credentials {
	return &Credentials{read: read, user: user, password: password}
}

func (c *Credentials) get() (user, password string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.user, c.password
}

// renew reads anew.
func (c *Credentials) renew(ctx context.Context) (user, password string, err error) {
	user, password, err = c.read(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil {
		c.user, c.password = user, password
	}
	return c.user, c.password, err
}

// loginTaker is a client that may be told how to log in.
type loginTaker interface {
	SetOAuthBearerToken(ck.OAuthBearerToken) error
	SetOAuthBearerTokenFailure(reason string) error
	SetSaslCredentials(user, password string) error
}

// login keeps a client logged in: it gives it the next token before the last one expires, and
// looks for another token, or another password, when brokers refuse what it has. The methods
// of nil do nothing.
type login struct {
	cfg    Config
	client loginTaker
	logs   *logs
	cancel context.CancelFunc
	ended  sync.WaitGroup

	// What the client has; of run alone.
	token          string
	user, password string

	mu   sync.Mutex
	lost time.Time // since when brokers refuse; zero while they do not
}

// keepLogin gives a client its first token and keeps it logged in until stop.
func keepLogin(cfg Config, client loginTaker, logs *logs) (*login, error) {
	if cfg.Tokens == nil && cfg.Credentials == nil {
		return nil, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &login{cfg: cfg, client: client, logs: logs, cancel: cancel}
	if cfg.Credentials != nil {
		l.user, l.password = cfg.Credentials.get()
	}
	if err := l.renew(ctx); err != nil {
		cancel()
		return nil, tokenError(err)
	}
	l.ended.Go(func() { l.run(ctx) }) // ends with stop
	return l, nil
}

func (l *login) stop() {
	if l != nil {
		l.cancel()
		l.ended.Wait()
	}
}

// run renews when it is time to, or when a login was refused, and not more than once a second.
func (l *login) run(ctx context.Context) {
	for {
		timer := time.NewTimer(l.due())
		select {
		case <-ctx.Done():
		case <-timer.C:
		case <-l.logs.refused:
			if l.cfg.Tokens != nil {
				l.cfg.Tokens.Refused(l.token)
			}
			if l.cfg.Credentials != nil {
				l.reread(ctx)
			}
		}
		timer.Stop()
		err := l.renew(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			l.say("%v", err)
			if l.since().IsZero() { // the client tells it as an error of its own
				_ = l.client.SetOAuthBearerTokenFailure(err.Error())
			}
		}
		if pause(ctx, time.Second) != nil {
			return
		}
	}
}

// due returns how long nothing is to be done.
func (l *login) due() time.Duration {
	switch {
	case !l.since().IsZero():
		return time.Second
	case l.cfg.Tokens != nil:
		return time.Until(l.cfg.Tokens.Due())
	}
	return math.MaxInt64
}

// since returns since when brokers refuse, or zero.
func (l *login) since() time.Time {
	if l == nil {
		return time.Time{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

func (l *login) say(format string, args ...any) {
	if l.cfg.Log != nil {
		l.cfg.Log(Log{4, "LOGIN", fmt.Sprintf(format, args...)})
	}
}

// reread looks for another password.
func (l *login) reread(ctx context.Context) {
	if _, _, err := l.cfg.Credentials.renew(ctx); err != nil && ctx.Err() == nil {
		l.say("%v", err)
	}
}

// renew gives the client the newest token or password, if it is another than it has.
func (l *login) renew(ctx context.Context) error {
	if l.cfg.Tokens != nil {
		token, err := l.cfg.Tokens.Token(ctx)
		if err != nil || token.Text == l.token {
			return err
		}
		list := ck.OAuthBearerToken{TokenValue: token.Text, Expiration: token.Expires, Principal: token.Principal, Extensions: l.cfg.extensions()}
		if err := l.client.SetOAuthBearerToken(list); err != nil {
			return fmt.Errorf("token: %w", err)
		}
		l.token = token.Text
		l.found()
	}
	if l.cfg.Credentials == nil {
		return nil
	}
	if !l.since().IsZero() {
		l.reread(ctx)
	}
	user, password := l.cfg.Credentials.get()
	if user == l.user && password == l.password {
		return nil
	}
	if err := l.client.SetSaslCredentials(user, password); err != nil {
		return err
	}
	l.user, l.password = user, password
	l.found()
	l.say("user or password have changed, and are used")
	return nil
}

// found forgets a refusal: there is something else to try.
func (l *login) found() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = time.Time{}
}

// refused is told of an error of the client. It reports whether it is that of a login that
// may succeed yet: failed then says when it has not.
func (l *login) refused(err ck.Error) bool {
	if l == nil || err.Code() != ck.ErrAuthentication && err.Code() != ck.ErrSaslAuthenticationFailed {
		return false
	}
	if l.cfg.Tokens != nil && !l.cfg.Tokens.Renewable() {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost.IsZero() {
		l.lost = time.Now()
	}
	wake(l.logs.refused)
	return true
}

// failed returns why brokers refuse the login, once they have done so for the timeout, and
// nothing else to log in with has come up.
func (l *login) failed(ctx context.Context) error {
	if lost := l.since(); lost.IsZero() || time.Since(lost) < l.cfg.timeout() {
		return nil
	}
	if p := diagnose(ctx, l.cfg); p != nil && (p.Certain() || p.Kind == probe.NoToken) {
		return ConnectError(p)
	}
	l.found() // it is no longer refused, or what is wrong shows elsewhere
	return nil
}

// tokenError is the error of a token that could not be had.
func tokenError(err error) error {
	if bad := (*oauth.EndpointError)(nil); errors.As(err, &bad) {
		return fmt.Errorf("%w: %w", endpointSentinel(bad), err)
	}
	if bad := (*oauth.Error)(nil); errors.As(err, &bad) {
		return fmt.Errorf("%w: %w", ErrAuth, err)
	}
	return err // a secret that is not to be had, for one
}

func endpointSentinel(err *oauth.EndpointError) error {
	switch err.Kind {
	case oauth.Refused:
		return ErrAuth
	case oauth.Untrusted:
		return ErrTLS
	}
	return ErrUnreachable
}

func (c Config) tokenText(ctx context.Context) (string, error) {
	token, err := c.Tokens.Token(ctx)
	return token.Text, err
}

// extensions are those of OAUTHBEARER, NAME=VALUE,… in the property.
func (c Config) extensions() map[string]string {
	m := map[string]string{}
	for pair := range strings.SplitSeq(c.Properties["sasl.oauthbearer.extensions"], ",") {
		if name, value, ok := strings.Cut(strings.TrimSpace(pair), "="); ok {
			m[name] = value
		}
	}
	return m
}

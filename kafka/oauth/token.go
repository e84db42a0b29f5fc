package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Token is what a client shows to a broker.
type Token struct {
	Text string
	// Principal is who the token is for, empty where it does not say.
	Principal string
	// Expires is when it ends; Parse and Tokens always set it.
	Expires time.Time
}

// opaqueLife is how long a token is taken to last that does not say it.
const opaqueLife = 5 * time.Minute

// Error is why a token cannot be used, or cannot be signed.
type Error struct {
	text    string
	expired bool
}

func (e *Error) Error() string { return e.text }

// Is reports whether target is ErrExpired and the token has ended.
func (e *Error) Is(target error) bool { return e.expired && target == ErrExpired }

// ErrExpired is the error of a token that has ended.
var ErrExpired = errors.New("the token has expired")

// Parse reads who a JSON Web Token (RFC 7519) is for and when it expires; an opaque token
// says neither. The broker checks it, not we.
func Parse(text string) Token {
	token := Token{Text: text, Expires: time.Now().Add(opaqueLife)}
	parts := strings.Split(text, ".")
	if len(parts) < 2 {
		return token
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return token
	}
	var claims struct {
		Subject string  `json:"sub"`
		Expires float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return token
	}
	token.Principal = claims.Subject
	if claims.Expires > 0 {
		token.Expires = time.Unix(int64(claims.Expires), 0)
	}
	return token
}

// check returns why a token cannot be used.
func (t Token) check() error {
	switch {
	case t.Text == "":
		return &Error{text: "the token is empty"}
	case strings.ContainsFunc(t.Text, func(r rune) bool { return r <= ' ' || r > '~' }):
		return &Error{text: "the token holds spaces, line breaks or other characters that no token has"}
	case !time.Now().Before(t.Expires):
		return &Error{fmt.Sprintf("%v on %s", ErrExpired, t.Expires.UTC().Format("2006-01-02 15:04:05 UTC")), true}
	}
	return nil
}

// Tokens hands out one token to many clients, and gets the next one before it expires. It is
// safe for concurrent use.
type Tokens struct {
	get   func(context.Context) (Token, error)
	fixed bool

	mu    sync.Mutex
	last  Token
	renew time.Time // when the next one is due
}

// Share returns Tokens that get is called for, once for each token.
func Share(get func(context.Context) (Token, error)) *Tokens { return &Tokens{get: get} }

// Fixed returns Tokens of one token, after which there is no other.
func Fixed(text string) *Tokens {
	return &Tokens{get: func(context.Context) (Token, error) { return Parse(text), nil }, fixed: true}
}

// Renewable reports whether there may be another token after the last one.
func (t *Tokens) Renewable() bool { return !t.fixed }

// Token returns a token that is valid. When the next one cannot be had, the last one is
// returned for as long as it holds.
func (t *Tokens) Token(ctx context.Context) (Token, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if now.Before(t.renew) {
		return t.last, nil
	}
	token, err := t.get(ctx)
	if err == nil {
		err = token.check()
	}
	if err != nil {
		left := t.last.Expires.Sub(now)
		if left <= 0 {
			return Token{}, err
		}
		t.renew = now.Add(max(left/4, min(left, time.Second)))
		return t.last, nil
	}
	t.last, t.renew = token, now.Add(token.Expires.Sub(now)*8/10)
	return token, nil
}

// Due returns when the next token is to be got.
func (t *Tokens) Due() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.renew
}

// Refused takes a token out of use that a broker has refused.
func (t *Tokens) Refused(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.last.Text == text {
		t.last, t.renew = Token{}, time.Time{}
	}
}

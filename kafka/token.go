package kafka

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// tokenTaker is a client that logs in with OAUTHBEARER tokens.
type tokenTaker interface {
	SetOAuthBearerToken(ck.OAuthBearerToken) error
}

// opaqueTokenLife is how long a token is taken to last that does not say it.
const opaqueTokenLife = 5 * time.Minute

// keepToken sets the first token of a client and renews it before it expires, until stop
// is called. Without Config.Token it does nothing.
func keepToken(cfg Config, client tokenTaker) (stop func(), err error) {
	if cfg.Token == nil {
		return func() {}, nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	life, err := renewToken(ctx, cfg, client)
	if err != nil {
		cancel()
		return nil, err
	}
	ended := make(chan struct{})
	go func() { // ends with ctx
		defer close(ended)
		for pause(ctx, life*8/10) == nil {
			if next, err := renewToken(ctx, cfg, client); err == nil {
				life = next
			} else if cfg.Log != nil { // the old one may still hold; the broker will say
				cfg.Log(Log{3, "TOKEN", err.Error()})
			}
		}
	}()
	return func() { cancel(); <-ended }, nil
}

// renewToken gets a token, sets it on the client and returns how long it is valid.
func renewToken(ctx context.Context, cfg Config, client tokenTaker) (life time.Duration, err error) {
	text, err := cfg.Token(ctx)
	if err != nil {
		return 0, fmt.Errorf("%w: token: %w", ErrAuth, err)
	}
	principal, expires := tokenClaims(text)
	if expires.IsZero() {
		expires = time.Now().Add(opaqueTokenLife)
	}
	life = time.Until(expires)
	if life <= 0 {
		return 0, fmt.Errorf("%w: the token expired at %s", ErrAuth, expires.UTC().Format(time.RFC3339))
	}
	err = client.SetOAuthBearerToken(ck.OAuthBearerToken{TokenValue: text, Expiration: expires, Principal: principal})
	if err != nil {
		return 0, fmt.Errorf("%w: token: %w", ErrAuth, err)
	}
	return max(life, 10*time.Second), nil
}

// tokenClaims reads who a JSON Web Token (RFC 7519) is for and when it expires; an
// opaque token says neither. The broker checks it, not we.
func tokenClaims(token string) (principal string, expires time.Time) {
	parts := strings.Split(token, ".")
	if len(parts) < 2 {
		return "", time.Time{}
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return "", time.Time{}
	}
	var claims struct {
		Subject string  `json:"sub"`
		Expires float64 `json:"exp"`
	}
	if json.Unmarshal(payload, &claims) != nil {
		return "", time.Time{}
	}
	if claims.Expires > 0 {
		expires = time.Unix(int64(claims.Expires), 0)
	}
	return claims.Subject, expires
}

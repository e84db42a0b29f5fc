package oauth

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"kstream/kafka/probe"
)

// Endpoint is where tokens are got by client credentials (RFC 6749, section 4.4).
type Endpoint struct {
	URL, ClientID, Secret string
	Scope                 string
	// CA holds certificates of authorities as PEM; nil for those of the system.
	CA []byte
	// Timeout bounds a request.
	Timeout time.Duration
}

// Failure is the kind of an EndpointError.
type Failure uint8

const (
	// Refused is an answer that says that the client, its secret or its scope is wrong.
	Refused Failure = iota + 1
	// Unusable is any other answer without a token in it.
	Unusable
	// Unreached is no answer.
	Unreached
	// Untrusted is a certificate that cannot be trusted.
	Untrusted
)

// EndpointError is why an endpoint gave no token.
type EndpointError struct {
	Kind Failure
	// URL is without a user, a password and a query.
	URL string

	text string
	err  error
}

func (e *EndpointError) Error() string { return "token endpoint " + e.URL + ": " + e.text }

// Unwrap returns the cause, which may be nil.
func (e *EndpointError) Unwrap() error { return e.err }

func (e Endpoint) failed(kind Failure, err error, format string, args ...any) error {
	shown := e.URL
	if u, bad := url.Parse(e.URL); bad == nil {
		u.User, u.RawQuery, u.Fragment = nil, "", ""
		shown = u.String()
	}
	return &EndpointError{kind, shown, fmt.Sprintf(format, args...), err}
}

// largestAnswer bounds what an endpoint may answer.
const largestAnswer = 1 << 20

// Token gets a token. The client authenticates as Kafka's own clients do by default: id and
// secret go as they are into the header of HTTP's basic authentication.
func (e Endpoint) Token(ctx context.Context) (Token, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(e.Timeout, 10*time.Second))
	defer cancel()
	form := url.Values{"grant_type": {"client_credentials"}}
	if e.Scope != "" {
		form.Set("scope", e.Scope)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL, strings.NewReader(form.Encode()))
	if err != nil || request.URL.Host == "" {
		return Token{}, e.failed(Unusable, nil, "it is not an http:// or https:// URL")
	}
	request.SetBasicAuth(e.ClientID, e.Secret)
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	client := e.client()
	defer client.CloseIdleConnections()
	answer, err := client.Do(request)
	if err != nil {
		return Token{}, e.unreached(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, largestAnswer))
	if err != nil {
		return Token{}, e.unreached(err)
	}
	return e.read(answer, body)
}

// client keeps no connection, follows no redirection, for the secret is not for others, and
// goes through the proxy of the environment.
func (e Endpoint) client() *http.Client {
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSClientConfig: &tls.Config{}}
	if e.CA != nil {
		transport.TLSClientConfig.RootCAs = x509.NewCertPool()
		transport.TLSClientConfig.RootCAs.AppendCertsFromPEM(e.CA)
	}
	return &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// read takes the token out of an answer.
func (e Endpoint) read(answer *http.Response, body []byte) (Token, error) {
	var said struct {
		Token       string  `json:"access_token"`
		Life        float64 `json:"expires_in"`
		Code        string  `json:"error"`
		Description string  `json:"error_description"`
	}
	malformed := json.Unmarshal(body, &said)
	why := said.Code
	if said.Description != "" {
		why = strings.TrimPrefix(why+": "+oneLine(said.Description), ": ")
	}
	status := answer.Status
	switch {
	case answer.StatusCode/100 == 3:
		return Token{}, e.failed(Unusable, nil, "%s: it redirects, which is not followed", status)
	case why != "":
		return Token{}, e.failed(kindOf(answer.StatusCode, said.Code), nil, "%s: %s", status, why)
	case answer.StatusCode != http.StatusOK:
		return Token{}, e.failed(kindOf(answer.StatusCode, ""), nil, "%s", status)
	case malformed != nil:
		kind := cmp.Or(answer.Header.Get("Content-Type"), "something")
		return Token{}, e.failed(Unusable, nil, "%s, but it answers with %s instead of JSON", status, kind)
	case said.Token == "":
		return Token{}, e.failed(Unusable, nil, "%s, but there is no access_token in the answer", status)
	}
	token := Parse(said.Token)
	if said.Life > 0 {
		if expires := time.Now().Add(time.Duration(said.Life * float64(time.Second))); token.Principal == "" || expires.Before(token.Expires) {
			token.Expires = expires
		}
	}
	return token, nil
}

func kindOf(status int, code string) Failure {
	if status == http.StatusUnauthorized || status == http.StatusForbidden || code != "" && status/100 == 4 {
		return Refused
	}
	return Unusable
}

// longest is how much of a description is shown.
const longest = 300

// oneLine is a description on one line.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + " …"
	}
	return text
}

// unreached says why there is no answer.
func (e Endpoint) unreached(err error) error {
	var untrusted *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var dns *net.DNSError
	var op *net.OpError
	var bad *url.Error
	if errors.As(err, &bad) {
		err = bad.Err
	}
	switch {
	case errors.As(err, &untrusted):
		return e.failed(Untrusted, err, "%s", e.untrusted(untrusted))
	case errors.As(err, &record), errors.As(err, new(tls.AlertError)):
		return e.failed(Untrusted, err, "no TLS: %s", strings.TrimPrefix(err.Error(), "tls: "))
	case strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		return e.failed(Untrusted, err, "it speaks http, not https")
	case errors.Is(err, context.DeadlineExceeded):
		return e.failed(Unreached, err, "no answer within %v", cmp.Or(e.Timeout, 10*time.Second))
	case errors.As(err, &dns) && dns.IsNotFound:
		return e.failed(Unreached, err, "the name does not resolve")
	case errors.As(err, &dns):
		return e.failed(Unreached, err, "name lookup: %s", dns.Err)
	case errors.As(err, &op):
		return e.failed(Unreached, err, "%s", strings.TrimPrefix(op.Err.Error(), "connect: "))
	case errors.Is(err, io.EOF):
		return e.failed(Unreached, err, "it ends the connection without an answer")
	}
	return e.failed(Unreached, err, "%v", err)
}

// untrusted says what is wrong with the certificate.
func (e Endpoint) untrusted(err *tls.CertificateVerificationError) string {
	u, _ := url.Parse(e.URL)
	var roots *x509.CertPool
	if e.CA != nil {
		roots = x509.NewCertPool()
		roots.AppendCertsFromPEM(e.CA)
	}
	if p := probe.Verify(u.Host, err.UnverifiedCertificates, &tls.Config{RootCAs: roots}); p != nil {
		return strings.TrimPrefix(p.Error(), u.Host+": ")
	}
	return err.Err.Error()
}

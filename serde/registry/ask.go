package registry

import (
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
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/sr"

	"kstream/serde"
)

const (
	repetitions  = 2
	firstBackOff = 100 * time.Millisecond // three times as long before the second
)

// Errors that a question may end with beside serde.ErrRegistry, for a registry that
// cannot answer, and serde.ErrUnknownSchema. The first three come with serde.ErrRegistry;
// the others are answers: ErrIncompatible to any conflict (409, 422), ErrInvalid to what the
// registry cannot parse (400, error 42201), and ErrRefused to the rest, or as the text of
// one that is not about a schema.
var (
	ErrAuth   = errors.New("the credentials are missing or wrong")
	ErrDenied = errors.New("the credentials do not allow it")
	ErrTLS    = errors.New("no TLS connection that can be trusted")

	ErrIncompatible = errors.New("the registry finds the schema incompatible")
	ErrInvalid      = errors.New("the registry finds the schema invalid")
	ErrRefused      = errors.New("the registry refuses")
)

// Error says why a question got no answer: which registry, and the cause. Its text is
// one line without credentials. It is all of its Kinds and its Err.
type Error struct {
	URL   string // of the request, or of the registry where there was none
	Kinds []error
	Err   error
	Later bool // the registry answered that it cannot now

	missing bool // the endpoint, it seems
}

func (e *Error) Error() string {
	if errors.Is(e, serde.ErrRegistry) {
		return fmt.Sprintf("%v %s: %v", serde.ErrRegistry, e.URL, e.Err)
	}
	return e.Err.Error()
}

// Unwrap returns the kinds and the cause.
func (e *Error) Unwrap() []error { return append(append([]error{}, e.Kinds...), e.Err) }

// errNoAnswer is the cause of a context that the timeout ended.
type errNoAnswer struct{ after time.Duration }

func (e errNoAnswer) Error() string { return fmt.Sprintf("no answer within %v", e.after) }

// ask is askAll, unless the registry is left alone for now.
func (c *Client) ask(ctx context.Context, repeat bool, question func(context.Context, *sr.Client) error) error {
	if c.rest == nil {
		return c.askAll(ctx, repeat, question)
	}
	return c.rest.ask(ctx, func(ctx context.Context) error { return c.askAll(ctx, repeat, question) })
}

// askAll asks a question of one node after the other until one answers. A question that
// must not be executed twice is asked of each node once only.
func (c *Client) askAll(ctx context.Context, repeat bool, question func(context.Context, *sr.Client) error) error {
	asking, cancel := context.WithTimeoutCause(ctx, c.timeout, errNoAnswer{c.timeout})
	defer cancel()
	for round := 0; ; round++ {
		failed := c.askEach(asking, repeat, question)
		switch {
		case failed == nil:
			return nil
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !failed.again || !repeat || round == repetitions || !pause(asking, round):
			return failed.err
		}
	}
}

// failure is why a round of asking gave no answer.
type failure struct {
	err   error
	again bool // it may be different soon
}

// pause waits before the next round, or says that there is no time left for one.
func pause(ctx context.Context, round int) bool {
	d := firstBackOff
	for range round {
		d *= 3
	}
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// askEach asks the nodes in turn, beginning with the one that answered last. While
// others are left, a node gets its share of the time only. A question that must not be
// executed twice goes on to the next node only when it has not reached the one before.
func (c *Client) askEach(ctx context.Context, repeat bool, question func(context.Context, *sr.Client) error) *failure {
	first := int(c.preferred.Load())
	var last *failure
	for i := range c.nodes {
		at := (first + i) % len(c.nodes)
		share, cancel := c.share(ctx, len(c.nodes)-i)
		err := question(share, c.nodes[at].client)
		if err == nil {
			cancel()
			c.preferred.Store(int64(at))
			return nil
		}
		last = c.explain(share, c.nodes[at].url, err)
		cancel()
		var dial *net.OpError
		reached := !errors.As(err, &dial) || dial.Op != "dial"
		if !last.again || ctx.Err() != nil || !repeat && reached {
			break
		}
	}
	return last
}

func (c *Client) share(ctx context.Context, nodes int) (context.Context, context.CancelFunc) {
	end, ok := ctx.Deadline()
	if !ok || nodes == 1 {
		return ctx, func() {}
	}
	d := time.Until(end) / time.Duration(nodes)
	return context.WithTimeoutCause(ctx, d, errNoAnswer{d.Round(time.Millisecond)})
}

// explain turns what the client library says into an Error.
func (c *Client) explain(ctx context.Context, url string, err error) *failure {
	var response *sr.ResponseError
	if errors.As(err, &response) {
		return c.explainResponse(url, response)
	}
	f := &failure{again: true}
	e := &Error{URL: url, Kinds: []error{serde.ErrRegistry}}
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	var garbage *garbageError
	switch {
	case ctx.Err() != nil:
		e.Err = context.Cause(ctx)
	case errors.As(err, &syntax), errors.As(err, &wrongType), errors.As(err, &garbage):
		f.again = false
		e.Err = fmt.Errorf("this is not the answer of a schema registry: %w", lastOf(err))
	case errors.Is(err, errAnswerTooBig):
		f.again = false
		e.Err = errAnswerTooBig
	case isTLS(err):
		f.again = false
		e.Kinds = append(e.Kinds, ErrTLS)
		e.Err = lastOf(err)
	default:
		e.Err = lastOf(err)
	}
	e.Err = c.clean(e.Err)
	f.err = e
	return f
}

// explainResponse explains a refusal. Only one that asks for a later try, that
// does not let us in, or that no registry answers with, is serde.ErrRegistry: all others are
// about the question.
func (c *Client) explainResponse(url string, r *sr.ResponseError) *failure {
	f := &failure{again: mayChange(r.StatusCode)}
	e := &Error{Kinds: []error{serde.ErrRegistry}, Err: errors.New(c.said(r)), Later: f.again}
	e.URL = pathOf(r.URL, url)
	if r.StatusCode == http.StatusNotFound && r.ErrorCode/100 != 404 {
		e.missing = true
		e.Err = fmt.Errorf("%w: is this the address of a schema registry?", e.Err)
	}
	refused := func(kind, text error) {
		e.Kinds, e.Err = []error{kind}, fmt.Errorf("%w: %w", text, e.Err)
	}
	switch {
	case r.StatusCode == http.StatusUnauthorized:
		e.Kinds = append(e.Kinds, ErrAuth)
		e.Err = fmt.Errorf("%w: %w", ErrAuth, e.Err)
	case r.StatusCode == http.StatusForbidden:
		e.Kinds = append(e.Kinds, ErrDenied)
		e.Err = fmt.Errorf("%w: %w", ErrDenied, e.Err)
	case r.ErrorCode/100 == 404: // 40401 no such subject, 40402 version, 40403 schema, …
		e.Kinds, e.Err = nil, serde.ErrUnknownSchema
	case f.again, e.missing, r.StatusCode < 400:
	case r.StatusCode == http.StatusConflict && r.Method == http.MethodPost:
		refused(ErrIncompatible, ErrIncompatible)
	case r.StatusCode == http.StatusUnprocessableEntity && r.ErrorCode == sr.ErrInvalidSchema.Code:
		refused(ErrInvalid, ErrInvalid)
	case r.StatusCode == http.StatusConflict, r.StatusCode == http.StatusUnprocessableEntity:
		refused(ErrIncompatible, ErrRefused)
	case r.StatusCode == http.StatusBadRequest:
		refused(ErrInvalid, ErrRefused)
	default:
		refused(ErrRefused, ErrRefused)
	}
	f.err = e
	return f
}

// mayChange reports whether the same question may be answered a moment later.
func mayChange(status int) bool {
	return status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout
}

// pathOf returns the URL of a request as it may be shown.
func pathOf(request, registry string) string {
	u, err := url.Parse(request)
	if err != nil || u.Host == mockHost {
		return registry
	}
	u.User, u.RawQuery = nil, ""
	return u.String()
}

// said returns what a response says: its message, or its text with the status, or the status
// alone where the body is empty or a web page.
func (c *Client) said(r *sr.ResponseError) string {
	status := fmt.Sprintf("%d %s", r.StatusCode, http.StatusText(r.StatusCode))
	switch {
	case len(r.Raw) == 0 || r.Raw[0] == '<' || !utf8.Valid(r.Raw):
		return status
	case r.Message == "":
		if text := c.short(string(r.Raw)); !strings.Contains(strings.ToLower(text), strings.ToLower(http.StatusText(r.StatusCode))) {
			return status + ": " + text
		}
		return status
	case r.ErrorCode == 0:
		return status + ": " + c.short(r.Message)
	case r.ErrorCode == r.StatusCode:
		return fmt.Sprintf("%d: %s", r.StatusCode, c.short(r.Message))
	}
	return fmt.Sprintf("%s (error %d)", c.short(r.Message), r.ErrorCode)
}

// maxMessage bounds the text of others in our errors, in bytes.
const maxMessage = 400

// short makes one line of a stranger's text, without our secrets.
func (c *Client) short(text string) string {
	text = c.secrets.Replace(strings.Join(strings.Fields(strings.ToValidUTF8(text, "\uFFFD")), " "))
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return text
}

// clean returns err without our secrets, should its text hold them.
func (c *Client) clean(err error) error {
	if text := err.Error(); c.short(text) != text {
		return errors.New(c.short(text))
	}
	return err
}

// lastOf returns the innermost error that still says what happened.
func lastOf(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		err = request.Err
	}
	var op *net.OpError
	var dns *net.DNSError
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	var garbage *garbageError
	switch {
	case errors.As(err, &dns):
		return fmt.Errorf("%s: %s", dns.Name, dns.Err)
	case errors.As(err, &op):
		err = op.Err
		if inner := errors.Unwrap(err); inner != nil {
			err = inner
		}
	case errors.As(err, &syntax):
		return syntax
	case errors.As(err, &wrongType):
		return wrongType
	case errors.As(err, &garbage):
		return garbage
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("the connection was closed in the middle of the answer")
	}
	return err
}

func isTLS(err error) bool {
	var verification *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var op *net.OpError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	return errors.As(err, &verification) || errors.As(err, &header) ||
		errors.As(err, &op) && op.Op == "remote error" || // an alert of the other side
		errors.As(err, &authority) || errors.As(err, &host) || errors.As(err, &invalid) ||
		err != nil && strings.Contains(err.Error(), "server gave HTTP response to HTTPS client")
}

// garbageError is an answer that is JSON and yet makes no sense.
type garbageError struct{ what string }

func (e *garbageError) Error() string { return e.what }

package registry

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// maxAnswer is the size of an answer in bytes beyond which it is not read. Registries
// hold schemas of up to 1 MiB as a rule; a list of all of them is the largest answer.
const maxAnswer = 64 << 20

const mockScheme = "mock://"

// newTransport makes the connections of a Client.
func newTransport(c Config) (http.RoundTripper, error) {
	secure, err := tlsConfig(c)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     secure,
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 8,
		IdleConnTimeout:     90 * time.Second,
	}, nil
}

func tlsConfig(c Config) (*tls.Config, error) {
	t := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.Insecure}
	if c.CA != "" {
		pem, err := pemOf(c.CA)
		if err != nil {
			return nil, fmt.Errorf("certificates that the registry is checked by: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			where, _, _ := strings.Cut(c.CA, "\n")
			return nil, fmt.Errorf("%s: no certificate in it: want PEM", where)
		}
	}
	if (c.Cert == "") != (c.Key == "") {
		return nil, errors.New("a certificate for the registry needs its key, and the key its certificate")
	}
	if c.Cert != "" {
		pair, err := keyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("certificate for the registry: %w", err)
		}
		t.Certificates = []tls.Certificate{pair}
	}
	return t, nil
}

func keyPair(certOrFile, keyOrFile string) (tls.Certificate, error) {
	cert, err := pemOf(certOrFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	key, err := pemOf(keyOrFile)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(cert, key)
}

// pemOf returns PEM, or what is in the file of that name.
func pemOf(textOrFile string) ([]byte, error) {
	if strings.HasPrefix(textOrFile, "-----BEGIN ") {
		return []byte(textOrFile), nil
	}
	return os.ReadFile(textOrFile)
}

// bounded is a transport whose answers end in an error where they get too long. It tells
// client what time the registry has.
type bounded struct {
	base   http.RoundTripper
	client *Client
}

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.base.RoundTrip(r)
	if err == nil {
		resp.Body = &boundedBody{ReadCloser: resp.Body, left: maxAnswer}
		if date, err := http.ParseTime(resp.Header.Get("Date")); err == nil {
			b.client.clock.Store(&moment{date, b.client.now()})
		}
	}
	return resp, err
}

// moment is what time a registry had, and what time it was here then.
type moment struct{ there, here time.Time }

// Ahead returns by how much the clock here is ahead of that of the registry which answered
// last, to about a second, and whether one has told its time.
func (c *Client) Ahead() (time.Duration, bool) {
	told := c.clock.Load()
	if told == nil {
		return 0, false
	}
	return told.here.Sub(told.there), true
}

var errAnswerTooBig = fmt.Errorf("the answer has more than %d MiB", maxAnswer>>20)

type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errAnswerTooBig
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

// openMock makes the registry itself, and asks it without a network.
func (c *Client) openMock(name string) (*Client, error) {
	client, err := sr.NewClient(
		sr.URLs("http://"+mockHost),
		sr.HTTPClient(&http.Client{Transport: inProcess{srfake.NewRegistry().Handler()}}),
	)
	if err != nil {
		return nil, err
	}
	c.mock, c.nodes = true, []node{{url: strings.TrimSuffix(name, "/"), client: client}}
	return c, nil
}

// mockHost stands in the requests to a mock and is never looked up.
const mockHost = "mock.invalid"

type inProcess struct{ handler http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.Body == nil {
		r.Body = http.NoBody // as a server has it
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Result(), nil
}

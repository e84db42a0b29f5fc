package protocol

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// selfSigned makes a certificate for 127.0.0.1, and what trusts it.
func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func mustSCRAM(t *testing.T, mechanism, user, password string) *Login {
	t.Helper()
	l, err := SCRAM(mechanism, user, password)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Users log in with each mechanism, with TLS and without.
func TestLogin(t *testing.T) {
	const odd = "a=b,c" // which SCRAM has to quote
	certificate, authority := selfSigned(t)
	token := Bearer(func(context.Context) (string, error) { return "t", nil }, nil)
	for _, secure := range []bool{false, true} {
		opts := []kfake.Opt{
			kfake.NumBrokers(2), kfake.EnableSASL(), kfake.User("PLAIN", "ann", "pencil"),
			kfake.User("SCRAM-SHA-256", odd, "pencil"), kfake.User("SCRAM-SHA-512", "ann", "pencil"),
		}
		var client *tls.Config
		name := "plaintext"
		if secure {
			opts = append(opts, kfake.TLS(&tls.Config{Certificates: []tls.Certificate{certificate}}))
			client, name = &tls.Config{RootCAs: authority}, "TLS"
		}
		k := cluster(t, opts...)
		for _, test := range []struct {
			name   string
			login  *Login
			refuse string
		}{
			{"PLAIN", Plain("ann", "pencil"), ""},
			{"PLAIN, wrong", Plain("ann", "pen"), "SASL: the broker has closed the connection"},
			{"SCRAM-SHA-256", mustSCRAM(t, "SCRAM-SHA-256", odd, "pencil"), ""},
			{"SCRAM-SHA-256, unknown", mustSCRAM(t, "SCRAM-SHA-256", "bob", "pencil"), "SASL: the broker has closed the connection"},
			{"SCRAM-SHA-512", mustSCRAM(t, "SCRAM-SHA-512", "ann", "pencil"), ""},
			{"SCRAM-SHA-512, wrong", mustSCRAM(t, "SCRAM-SHA-512", "ann", "pen"), "SASL: the broker has closed the connection"},
			{"OAUTHBEARER", token, "SASL: the broker does not offer OAUTHBEARER, but PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"},
		} {
			t.Run(name+"/"+test.name, func(t *testing.T) {
				c := open(t, Config{Seeds: k.ListenAddrs(), TLS: client, Login: test.login})
				for id := range int32(2) {
					_, err := metadata(bounded(t), c.Broker(id))
					switch {
					case test.refuse == "" && err != nil:
						t.Fatal(err)
					case test.refuse != "" && (!errors.Is(err, ErrLogin) || !strings.Contains(err.Error(), test.refuse)):
						t.Fatalf("%v; want %s", err, test.refuse)
					}
				}
			})
		}
	}
	if _, err := SCRAM("SCRAM-SHA-1", "ann", "pencil"); err == nil {
		t.Error("SCRAM-SHA-1 was taken")
	}
}

// What is wrong with TLS is said, and ends at once.
func TestTLSFaults(t *testing.T) {
	certificate, authority := selfSigned(t)
	_, other := selfSigned(t)
	secure := cluster(t, kfake.NumBrokers(1), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{certificate}}))
	mutual := cluster(t, kfake.NumBrokers(1), kfake.TLS(&tls.Config{Certificates: []tls.Certificate{certificate}, ClientAuth: tls.RequireAnyClientCert}))
	plain := cluster(t, kfake.NumBrokers(1))
	for name, test := range map[string]struct {
		at   *kfake.Cluster
		tls  *tls.Config
		want error
	}{
		"right":             {secure, &tls.Config{RootCAs: authority}, nil},
		"client's":          {mutual, &tls.Config{RootCAs: authority, Certificates: []tls.Certificate{certificate}}, nil},
		"without client's":  {mutual, &tls.Config{RootCAs: authority}, ErrTLS},
		"another authority": {secure, &tls.Config{RootCAs: other}, ErrTLS},
		"another name":      {secure, &tls.Config{RootCAs: authority, ServerName: "example.com"}, ErrTLS},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := metadata(bounded(t), open(t, Config{Seeds: test.at.ListenAddrs(), TLS: test.tls}).Any())
			if !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
		})
	}
	t.Run("plaintext to TLS", func(t *testing.T) {
		if _, err := metadata(bounded(t), open(t, Config{Seeds: secure.ListenAddrs()}).Any()); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
	t.Run("TLS to plaintext", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second) // kfake may wait for the rest of what it takes for a request
		defer cancel()
		if _, err := metadata(ctx, open(t, Config{Seeds: plain.ListenAddrs(), TLS: &tls.Config{RootCAs: authority}}).Any()); !errors.Is(err, ErrTLS) {
			t.Error(err)
		}
	})
}

// Tokens are presented as RFC 7628 says, and so are refusals taken.
func TestBearer(t *testing.T) {
	noToken := errors.New("no token")
	for name, test := range map[string]struct {
		token string
		fails error
		want  string
	}{
		"good":    {token: "good"},
		"bad":     {token: "bad", want: "seed:9092: SASL: the token is bad"},
		"broken":  {token: "broken", want: `seed:9092: SASL: {"status":"invalid_token"}`},
		"nothing": {fails: noToken, want: "seed:9092: SASL: token: no token"},
	} {
		t.Run(name, func(t *testing.T) {
			var said []string
			login := Bearer(func(context.Context) (string, error) { return test.token, test.fails }, map[string]string{"b": "2", "a": "1"})
			c, _ := fake(t, Config{Login: login}, func(number int32, r kmsg.Request) ([]byte, bool) {
				a, ok := r.(*kmsg.SASLAuthenticateRequest)
				if !ok {
					return nil, false
				}
				said = append(said, string(a.SASLAuthBytes))
				answer := a.ResponseKind().(*kmsg.SASLAuthenticateResponse)
				switch {
				case test.token == "good":
				case test.token == "bad" && len(said) == 2:
					why := "the token is bad"
					answer.ErrorCode, answer.ErrorMessage = kerr.SaslAuthenticationFailed.Code, &why
				default:
					answer.SASLAuthBytes = []byte(`{"status":"invalid_token"}`)
				}
				return encode(number, answer), true
			})
			_, err := metadata(bounded(t), c.Any())
			if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, ErrLogin) || err.Error() != test.want) {
				t.Errorf("%v; want %s", err, test.want)
			}
			want := []string{"n,,\x01auth=Bearer " + test.token + "\x01a=1\x01b=2\x01\x01", "\x01"}
			switch {
			case test.fails != nil:
				want = nil
			case test.token == "good":
				want = want[:1]
			}
			if strings.Join(said, "|") != strings.Join(want, "|") {
				t.Errorf("%q, want %q", said, want)
			}
		})
	}
}

// A login that ends soon is not used to its end: the next request logs in anew.
func TestLoginExpires(t *testing.T) {
	var life int64
	c, s := fake(t, Config{Login: Plain("ann", "pencil")}, func(number int32, r kmsg.Request) ([]byte, bool) {
		answer, ok := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		if !ok {
			return nil, false
		}
		answer.SessionLifetimeMillis = life
		return encode(number, answer), true
	})
	life = 3_600_000
	for range 3 {
		if _, err := metadata(bounded(t), c.Any()); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.conns.Load(); n != 1 {
		t.Fatalf("%d connections, want 1", n)
	}
	c.mu.Lock()
	for open := range c.conns {
		open.mu.Lock()
		if left := time.Until(open.expires); left < 50*time.Minute || left > 52*time.Minute {
			t.Errorf("the login is used for %v", left)
		}
		open.expires = time.Now().Add(-1)
		open.mu.Unlock()
	}
	c.mu.Unlock()
	if _, err := metadata(bounded(t), c.Any()); err != nil {
		t.Fatal(err)
	}
	if n := s.conns.Load(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

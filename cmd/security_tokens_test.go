//go:build unix

package cmd

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"kstream/kafka/kafkatest"
)

// tokenEndpoint gives tokens for User:admin to who asks with the id and the secret "s3cret",
// and answers by its path otherwise. asked counts the requests.
func tokenEndpoint(asked *atomic.Int64) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		id, secret, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.FormValue("grant_type") != "client_credentials":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"unsupported_grant_type"}`)
		case id != "app" || secret != "s3cret/+":
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client","error_description":"Invalid client\nor secret"}`)
		case r.FormValue("scope") != "kafka":
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_scope"}`)
		default:
			fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":60}`, kafkatest.UnsecuredToken("admin", time.Now().Add(time.Minute)))
		}
	})
	mux.HandleFunc("POST /page", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<!DOCTYPE html><title>Welcome</title>") })
	mux.HandleFunc("POST /empty", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "{}") })
	mux.HandleFunc("POST /down", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	mux.HandleFunc("POST /moved", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/token", http.StatusTemporaryRedirect)
	})
	mux.HandleFunc("POST /foreign", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"access_token":"not-one-of-theirs","expires_in":60}`)
	})
	return mux
}

// What keeps a token from being had is said at once with the endpoint and its answer, by
// commands of each kind of client; a token that is had is asked for once.
func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(1)
	s.numbers(0, 10)
	s.brokers = c.SecureBootstrap(kafkatest.Bearer)
	var asked atomic.Int64
	plain := httptest.NewServer(tokenEndpoint(&asked))
	t.Cleanup(plain.Close)
	secure := httptest.NewUnstartedServer(tokenEndpoint(&asked))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	authority := filepath.Join(t.TempDir(), "ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	if err := os.WriteFile(authority, text, 0o600); err != nil {
		t.Fatal(err)
	}
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + gone.Addr().String()
	gone.Close()
	trusting := "https.ca.location=" + authority
	tests := map[string]struct {
		url, secret string
		more        string // another property
		code        int
		said, hint  string // with URL for the endpoint, ADDR for the broker
	}{
		"good":         {url: plain.URL + "/token", secret: "s3cret/+"},
		"good, TLS":    {url: secure.URL + "/token", secret: "s3cret/+", more: trusting},
		"wrong secret": {plain.URL + "/token", "wr0ng", "", 4, `authentication: token endpoint URL: 401 Unauthorized: invalid_client: Invalid client or secret`, `auth.client-id, .*`},
		"wrong scope":  {plain.URL + "/token", "s3cret/+", "sasl.oauthbearer.scope=other", 4, `authentication: token endpoint URL: 400 Bad Request: invalid_scope`, `auth.client-id, .*`},
		"not there":    {plain.URL + "/nowhere", "s3cret/+", "", 5, `unreachable: token endpoint URL: 404 Not Found`, `auth.token-url .*`},
		"a page":       {plain.URL + "/page", "s3cret/+", "", 5, `unreachable: token endpoint URL: 200 OK, but it answers with text/html; charset=utf-8 instead of JSON`, `auth.token-url .*`},
		"no token":     {plain.URL + "/empty", "s3cret/+", "", 5, `unreachable: token endpoint URL: 200 OK, but there is no access_token in the answer`, `auth.token-url .*`},
		"broken":       {plain.URL + "/down", "s3cret/+", "", 5, `unreachable: token endpoint URL: 502 Bad Gateway`, `auth.token-url .*`},
		"moved":        {plain.URL + "/moved", "s3cret/+", "", 5, `unreachable: token endpoint URL: 307 Temporary Redirect: it redirects, which is not followed`, `auth.token-url .*`},
		"nobody":       {nobody + "/token", "s3cret/+", "", 5, `unreachable: token endpoint URL: connection refused`, `is auth.token-url .*`},
		"no name":      {"http://nowhere.invalid/token", "s3cret/+", "", 5, `unreachable: token endpoint URL: the name does not resolve`, `is auth.token-url .*`},
		"unknown CA":   {secure.URL + "/token", "s3cret/+", "", 5, `TLS handshake: token endpoint URL: its certificate is signed by O=Acme Co, an unknown authority`, `-X https.ca.location=FILE .*`},
		"no TLS":       {strings.Replace(plain.URL, "http:", "https:", 1) + "/token", "s3cret/+", "", 5, `TLS handshake: token endpoint URL: it speaks http, not https`, `-X https.ca.location=FILE .*`},
		"refused":      {plain.URL + "/foreign", "s3cret/+", "", 4, `authentication: ADDR refuses the login by OAUTHBEARER: .*invalid_token.*`, `the broker's log .*`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := *s
			s.t, s.dir = t, t.TempDir()
			flags := []string{
				"-X", "sasl.oauthbearer.token.endpoint.url=" + test.url, "-X", "sasl.oauthbearer.method=oidc",
				"-X", "sasl.oauthbearer.client.id=app", "-X", "sasl.oauthbearer.client.secret=" + test.secret, "-X", "sasl.oauthbearer.scope=kafka",
			}
			if test.more != "" {
				flags = append(flags, "-X", test.more)
			}
			for _, args := range [][]string{{"topic", "list"}, {"consume", s.topic, "-e"}, {"produce", s.topic}, {"consume", s.topic, "-g", s.group, "-m", "3", "-e"}} {
				before, began := asked.Load(), time.Now()
				p := s.start(append(args, flags...)...)
				p.feed("x\n")
				p.closeInput()
				p.wait(test.code)
				if took := time.Since(began); test.code != 0 && took > toldWithin {
					t.Errorf("%s: told after %v", p.name, took)
				}
				p.wantSaid(regexp.QuoteMeta(test.secret), 0)
				if test.code == 0 {
					if n := asked.Load() - before; n != 1 {
						t.Errorf("%s: %d tokens were asked for, want 1", p.name, n)
					}
					continue
				}
				said := strings.NewReplacer("URL", regexp.QuoteMeta(test.url), "ADDR", regexp.QuoteMeta(s.brokers)).Replace(test.said)
				p.wantSaid(`(?m)^kstream: `, 1)
				p.wantSaid(`(?m)^kstream: `+said+`$`, 1)
				p.wantSaid(`(?m)^hint: `+test.hint+`$`, 1)
			}
		})
	}
}

// A token comes from the flag, the variable or a context; a command that prints one runs once
// for all clients of a process, and again for the next token before the last one expires.
func TestToken(t *testing.T) {
	t.Parallel()
	s, c := clusterStage(t, kafkatest.Options{Secure: true})
	s.create(1)
	s.numbers(0, 10)
	direct := s.brokers
	s.brokers = c.SecureBootstrap(kafkatest.Bearer)
	file := func(name, text string) string {
		path := filepath.Join(s.dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	runs := file("runs", "")
	printer := func(name, token string) string {
		return fmt.Sprintf(`@cmd:sh -c 'echo x >>%s; cat %s'`, runs, file(name, token))
	}
	ran := func() int {
		text, err := os.ReadFile(runs)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(text), "x")
	}
	good := kafkatest.UnsecuredToken("admin", time.Now().Add(time.Hour))
	old := kafkatest.UnsecuredToken("admin", time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC))
	context := file("context.yaml", "contexts:\n  c: {auth: {mechanism: OAUTHBEARER, token: '@file:"+file("good", good+"\n")+"'}}\n")

	before := ran()
	p := s.start("consume", s.topic, "-g", s.group, "-m", "3", "-e", "--token", printer("cmd", good))
	p.wait(0)
	if n := ran() - before; n != 1 || p.lines() != 10 {
		t.Errorf("the command ran %d times, want once; %d records, want 10", n, p.lines())
	}
	s.start("topic", "list", "-c", "c", "--config", context).wait(0)
	p = s.start("topic", "list", "--token", good)
	p.wait(0)
	p.wantSaid(`(?m)^--token: other users of this machine can see a secret`, 1)
	p.wantSaid(good, 0)

	for name, test := range map[string]struct {
		token string
		code  int
		said  string
	}{
		"expired":   {printer("old", old), 4, `authentication: the token has expired on 2026-01-31 12:00:00 UTC`},
		"literal":   {old, 4, `authentication: the token has expired on 2026-01-31 12:00:00 UTC`},
		"empty":     {printer("none", ""), 4, `authentication: the token is empty`},
		"two lines": {printer("two", "a\nb"), 4, `authentication: the token holds spaces, line breaks or other characters that no token has`},
		"refused":   {printer("odd", "garbage"), 4, regexp.QuoteMeta("authentication: " + s.brokers + ` refuses the login by OAUTHBEARER: {"status":"invalid_token"}`)},
		"no file":   {"@file:/nowhere/token", 3, `auth.token \(flag --token\): @file:/nowhere/token: no such file`},
	} {
		p := s.start("consume", s.topic, "--token", test.token)
		began := time.Now()
		p.wait(test.code)
		if took := time.Since(began); took > toldWithin {
			t.Errorf("%s: told after %v", name, took)
		}
		p.wantSaid(`(?m)^kstream: `+test.said+`$`, 1)
	}

	// The broker wants a login every three seconds, and a token lasts for six.
	renewed, ends := ran(), time.Now().Add(6*time.Second)
	p = s.start("consume", s.topic, "-g", s.group+"-renewed", "-v", "--token", fmt.Sprintf(`@cmd:sh -c 'echo x >>%s; cat %s'`, runs,
		file("short", kafkatest.UnsecuredToken("admin", ends))))
	p.awaitLines(10)
	file("short", kafkatest.UnsecuredToken("admin", time.Now().Add(time.Hour)))
	p.await("another token", func() bool { return ran() >= renewed+2 })
	p.await("the end of the first", func() bool { return time.Now().After(ends.Add(3 * time.Second)) })
	brokers := s.brokers
	s.brokers = direct
	s.numbers(10, 20)
	s.brokers = brokers
	p.awaitLines(20)
	p.signal(syscall.SIGINT)
	p.wait(0)
}

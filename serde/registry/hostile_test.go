package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
)

// serve starts a registry that answers everything with one handler. URL stands for its
// address in errors.
func serve(t *testing.T, requests *atomic.Int64, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func say(status int, contentType, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		io.WriteString(w, text)
	}
}

func TestAFailingRegistry(t *testing.T) {
	const page = "<html><body><h1>Welcome</h1>" // of a proxy that wants a login
	for name, test := range map[string]struct {
		answer   http.HandlerFunc
		want     string
		is       []error
		isNot    []error
		requests int64
	}{
		"web page": {
			answer: say(200, "text/html", page), requests: 1,
			want: "schema registry URL: this is not the answer of a schema registry: invalid character '<' looking for beginning of value",
			is:   []error{serde.ErrRegistry},
		},
		"web page with 500": {
			answer: say(500, "text/html", page), requests: 3,
			want: "schema registry URL/schemas/ids/7: 500 Internal Server Error", is: []error{serde.ErrRegistry},
		},
		"busy": {
			answer: say(429, "text/plain", "slow down"), requests: 3,
			want: "schema registry URL/schemas/ids/7: 429 Too Many Requests: slow down", is: []error{serde.ErrRegistry},
		},
		"its own store is down": {
			answer: say(500, "application/json", `{"error_code":50001,"message":"Error in the backend data store"}`), requests: 3,
			want: "schema registry URL/schemas/ids/7: Error in the backend data store (error 50001)", is: []error{serde.ErrRegistry},
		},
		"wrong address": {
			answer: say(404, "text/plain", "404 page not found"), requests: 1,
			want: "schema registry URL/schemas/ids/7: 404 Not Found: is this the address of a schema registry?",
			is:   []error{serde.ErrRegistry}, isNot: []error{serde.ErrUnknownSchema},
		},
		"wrong address of a registry": {
			answer: say(404, "application/json", `{"error_code":404,"message":"HTTP 404 Not Found"}`), requests: 1,
			want: "schema registry URL/schemas/ids/7: 404: HTTP 404 Not Found: is this the address of a schema registry?",
			is:   []error{serde.ErrRegistry}, isNot: []error{serde.ErrUnknownSchema},
		},
		"no password": {
			answer: say(401, "text/html", page), requests: 1,
			want: "schema registry URL/schemas/ids/7: the credentials are missing or wrong: 401 Unauthorized", is: []error{serde.ErrRegistry, ErrAuth},
		},
		"not allowed": {
			answer: say(403, "application/json", `{"error_code":40301,"message":"User is denied operation Read"}`), requests: 1,
			want: "schema registry URL/schemas/ids/7: the credentials do not allow it: User is denied operation Read (error 40301)", is: []error{serde.ErrRegistry, ErrDenied},
		},
		"our secrets come back": {
			answer: say(401, "application/json", `{"error_code":401,"message":"no user me with password hunter2"}`), requests: 1,
			want: "schema registry URL/schemas/ids/7: the credentials are missing or wrong: 401: no user me with password ***", is: []error{ErrAuth},
		},
		"half of the JSON": {
			answer: say(200, "application/json", `{"schema":"\"str`), requests: 1,
			want: "schema registry URL: this is not the answer of a schema registry: unexpected end of JSON input", is: []error{serde.ErrRegistry},
		},
		"nothing": {
			answer: say(200, "application/json", ""), requests: 1,
			want: "schema registry URL: this is not the answer of a schema registry: unexpected end of JSON input", is: []error{serde.ErrRegistry},
		},
		"other JSON": {
			answer: say(200, "application/json", `{"status":"up"}`), requests: 1,
			want: "schema registry URL: this is not the answer of a schema registry: no schema in it", is: []error{serde.ErrRegistry},
		},
		"another type": {
			answer: say(200, "application/json", `{"schema":7}`), requests: 1,
			want: "schema registry URL: this is not the answer of a schema registry: json: cannot unmarshal number into Go struct field answer.schema of type string", is: []error{serde.ErrRegistry},
		},
		"an id that cannot be": {
			answer: say(200, "application/json", `{"schema":"","id":4294967296}`), requests: 1,
			want: "schema registry URL: this is not the answer of a schema registry: a schema id of 4294967296", is: []error{serde.ErrRegistry},
		},
		"closed in the middle": {
			answer: func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "1000")
				io.WriteString(w, `{"schema":`)
			}, requests: 3,
			want: "schema registry URL: the connection was closed in the middle of the answer", is: []error{serde.ErrRegistry},
		},
		"round and round": {
			answer: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, requests: 30,
			want: "schema registry URL: stopped after 10 redirects", is: []error{serde.ErrRegistry},
		},
		"a long message": {
			answer: say(422, "application/json", `{"error_code":42201,"message":"`+strings.Repeat(`line\n\u001b[31m `, 100)+`"}`), requests: 1,
			want: "the registry finds the schema invalid: " + strings.Repeat("line \x1b[31m ", 40)[:maxMessage] + "… (error 42201)",
			is:   []error{ErrInvalid}, isNot: []error{serde.ErrRegistry},
		},
		"a conflict without a code": {
			answer: say(422, "application/json", `{"message":"the quota is used up"}`), requests: 1,
			want: "the registry refuses: 422 Unprocessable Entity: the quota is used up",
			is:   []error{ErrIncompatible}, isNot: []error{serde.ErrRegistry},
		},
		"a conflict in plain text": {
			answer: say(409, "text/plain", "no\nnot\x1b[31m now"), requests: 1,
			want: "the registry refuses: 409 Conflict: no not\x1b[31m now",
			is:   []error{ErrIncompatible}, isNot: []error{serde.ErrRegistry},
		},
		"it cannot parse that": {
			answer: say(400, "application/problem+json", `{"title":"bad request"}`), requests: 1,
			want: "the registry refuses: 400 Bad Request",
			is:   []error{ErrInvalid}, isNot: []error{serde.ErrRegistry},
		},
		"refused by a gateway": {
			answer: say(418, "text/html", page), requests: 1,
			want: "the registry refuses: 418 I'm a teapot", is: []error{ErrRefused}, isNot: []error{serde.ErrRegistry},
		},
		"busy, in its own words": {
			answer: say(503, "application/json", `{"message":"electing"}`), requests: 3,
			want: "schema registry URL/schemas/ids/7: 503 Service Unavailable: electing", is: []error{serde.ErrRegistry},
		},
		"unknown": {
			answer: say(404, "application/json", `{"error_code":40403,"message":"Schema 7 not found"}`), requests: 1,
			want: "the registry does not know the schema", is: []error{serde.ErrUnknownSchema}, isNot: []error{serde.ErrRegistry},
		},
		"refused": {
			answer: say(405, "application/json", `{"error_code":405,"message":"read only"}`), requests: 1,
			want: "the registry refuses: 405: read only", is: []error{ErrRefused}, isNot: []error{serde.ErrRegistry},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var requests atomic.Int64
			url := serve(t, &requests, test.answer)
			c := open(t, Config{URLs: []string{url}, Username: "me", Password: "hunter2"})
			_, err := c.ByID(t.Context(), 7, "")
			if diff := cmp.Diff(test.want, strings.ReplaceAll(errText(err), url, "URL")); diff != "" {
				t.Error(diff)
			}
			for _, target := range test.is {
				if !errors.Is(err, target) {
					t.Errorf("it is no %v", target)
				}
			}
			for _, target := range test.isNot {
				if errors.Is(err, target) {
					t.Errorf("it is %v", target)
				}
			}
			if n := requests.Load(); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
		})
	}
}

func TestNobodyThere(t *testing.T) {
	c := open(t, Config{URLs: []string{"http://me:hunter2@127.0.0.1:1/api?token=hunter2"}})
	from := time.Now()
	_, err := c.ByID(t.Context(), 7, "")
	if diff := cmp.Diff("schema registry http://127.0.0.1:1/api: connection refused", errText(err)); diff != "" {
		t.Error(diff)
	}
	if !errors.Is(err, serde.ErrRegistry) || time.Since(from) > 2*time.Second {
		t.Errorf("%v after %v", err, time.Since(from))
	}
}

func TestNoAnswer(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	silent := "http://" + listener.Addr().String()

	c := open(t, Config{URLs: []string{silent}, Timeout: 200 * time.Millisecond})
	from := time.Now()
	_, err = c.ByID(t.Context(), 7, "")
	if diff := cmp.Diff("schema registry "+silent+": no answer within 200ms", errText(err)); diff != "" {
		t.Error(diff)
	}
	if took := time.Since(from); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	stop := errors.New("the user has had enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if _, err := c.ByID(ctx, 7, ""); !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}

	var requests atomic.Int64
	good := serve(t, &requests, say(200, "application/json", `{"schema":"\"int\""}`))
	c = open(t, Config{URLs: []string{silent, good}, Timeout: 2 * time.Second})
	for id := range 3 {
		if _, err := c.ByID(t.Context(), id, ""); err != nil {
			t.Fatal(err)
		}
	}
	if c.preferred.Load() != 1 {
		t.Error("the silent one is still asked first")
	}
}

func TestItRecovers(t *testing.T) {
	var requests atomic.Int64
	url := serve(t, &requests, func(w http.ResponseWriter, r *http.Request) {
		if requests.Load() < 3 {
			say(503, "text/plain", "")(w, r)
			return
		}
		say(200, "application/json", `{"schema":"\"int\""}`)(w, r)
	})
	c := open(t, Config{URLs: []string{url}})
	if _, err := c.ByID(t.Context(), 7, ""); err != nil || requests.Load() != 3 {
		t.Errorf("%v after %d requests", err, requests.Load())
	}
}

func TestAnEndlessAnswer(t *testing.T) {
	var requests atomic.Int64
	url := serve(t, &requests, func(w http.ResponseWriter, _ *http.Request) {
		chunk := []byte(`{"schema":"` + strings.Repeat("x", 1<<20))
		for {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	})
	c := open(t, Config{URLs: []string{url}})
	_, err := c.ByID(t.Context(), 7, "")
	if diff := cmp.Diff("schema registry "+url+": the answer has more than 64 MiB", errText(err)); diff != "" {
		t.Error(diff)
	}
}

func TestDeletingIsNotRepeated(t *testing.T) {
	var requests atomic.Int64
	url := serve(t, &requests, say(500, "text/plain", ""))
	c := open(t, Config{URLs: []string{url, url}})
	if _, err := c.Delete(t.Context(), "a", 0, false); !errors.Is(err, serde.ErrRegistry) || requests.Load() != 1 {
		t.Errorf("%v after %d requests", err, requests.Load())
	}
}

func TestCredentials(t *testing.T) {
	for name, test := range map[string]struct {
		config Config
		inURL  string
		want   string
	}{
		"basic":          {config: Config{Username: "me", Password: "p:w"}, want: "Basic bWU6cDp3"},
		"bearer":         {config: Config{Token: "abc"}, want: "Bearer abc"},
		"in the URL":     {inURL: "me:p%3Aw@", want: "Basic bWU6cDp3"},
		"named ones win": {config: Config{Token: "abc"}, inURL: "me:pw@", want: "Bearer abc"},
		"none":           {},
		"user alone":     {config: Config{Username: "me"}, want: "Basic bWU6"},
	} {
		var requests atomic.Int64
		got := make(chan string, 1)
		url := serve(t, &requests, func(w http.ResponseWriter, r *http.Request) {
			got <- r.Header.Get("Authorization")
			say(200, "application/json", `{"schema":"\"int\""}`)(w, r)
		})
		test.config.URLs = []string{strings.Replace(url, "://", "://"+test.inURL, 1)}
		c := open(t, test.config)
		if _, err := c.ByID(t.Context(), 7, ""); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, <-got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(url, c.URL()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// FuzzAnswer: whatever a registry says, there is a schema or one short line.
func FuzzAnswer(f *testing.F) {
	for _, text := range []string{`{"schema":"\"int\"","id":7}`, `{"error_code":40403,"message":"x"}`, `[]`, `null`, "<html>", ""} {
		f.Add(200, []byte(text))
		f.Add(404, []byte(text))
		f.Add(422, []byte(text))
	}
	f.Fuzz(func(t *testing.T, status int, text []byte) {
		if status < 200 || status > 499 || status == 429 || status >= 300 && status < 400 {
			t.Skip()
		}
		c := open(t, Config{URLs: []string{"mock://x"}})
		c.nodes[0].client = answering(t, status, text)
		s, err := c.ByID(t.Context(), 7, "")
		switch {
		case err == nil:
			var a struct{ Schema string }
			if json.Unmarshal(text, &a) != nil || a.Schema != s.Text {
				t.Errorf("a schema of %q out of %q", s.Text, text)
			}
		case len(err.Error()) > 2*maxMessage || strings.ContainsRune(err.Error(), '\n'):
			t.Errorf("%q", err.Error())
		}
		if _, err := c.Check(t.Context(), "a", avro(`"int"`), false); err != nil && err.Error() == "" {
			t.Error("an error without a text")
		}
		if _, err := c.List(t.Context(), Listing{Versions: true}); fmt.Sprint(err) == "" {
			t.Error("an error without a text")
		}
	})
}

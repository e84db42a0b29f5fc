package registry

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"kstream/serde"
)

// fake is a registry that counts what it is asked, by method and path.
type fake struct {
	*srfake.Registry
	url string

	mu    sync.Mutex
	asked []string
}

func newFake(t testing.TB, opts ...srfake.Option) *fake {
	t.Helper()
	f := &fake{Registry: srfake.NewRegistry(opts...)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.asked = append(f.asked, r.Method+" "+r.URL.RequestURI())
		f.mu.Unlock()
		f.Handler().ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	f.url = server.URL
	return f
}

// requests returns what was asked since the last call.
func (f *fake) requests() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	asked := f.asked
	f.asked = nil
	return asked
}

// clock is a time that stands still until it is moved. It is for one goroutine.
type clock struct{ now time.Time }

func newClock() *clock { return &clock{time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time { return c.now }

func open(t testing.TB, c Config) *Client {
	t.Helper()
	cl, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

const (
	orderText  = `{"type":"record","name":"Order","fields":[{"name":"id","type":"long"}]}`
	order2Text = `{"type":"record","name":"Order","fields":[{"name":"id","type":"long"},{"name":"note","type":"string","default":""}]}`
)

func avro(text string, refs ...serde.Reference) serde.Schema {
	return serde.Schema{SchemaInfo: serde.SchemaInfo{Type: "AVRO"}, Text: text, References: refs}
}

// answering is a client of a registry that has one answer for everything.
func answering(t testing.TB, status int, text []byte) *sr.Client {
	t.Helper()
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		w.Write(text)
	})
	cl, err := sr.NewClient(sr.URLs("http://"+mockHost), sr.HTTPClient(&http.Client{Transport: inProcess{handler}}))
	if err != nil {
		t.Fatal(err)
	}
	return cl
}

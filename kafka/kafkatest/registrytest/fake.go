//go:build unix

package registrytest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sr/srfake"

	"kstream/serde/registry/embedded"
)

// Moods of a Fake.
const (
	Good         = "good"         // everything is compatible with everything
	Strict       = "strict"       // what is not compatible is refused, as an embedded registry does
	Incompatible = "incompatible" // nothing is
	Page         = "page"         // a web page in answer to everything
	Broken       = "broken"       // 500 in answer to everything
	Cut          = "cut"          // the beginning of a schema in answer to everything
	Locked       = "locked"       // 401 in answer to everything
	Silent       = "silent"       // no answer until the client has gone
	Late         = "late"         // as good, with a clock that is an hour behind
)

// Moods lists what SetMood takes, beside a status from 400 on and the text that comes with it
// in answer to everything: "422 {…}".
func Moods() []string {
	return []string{Good, Strict, Incompatible, Page, Broken, Cut, Locked, Silent, Late}
}

// Fake is a registry within the test, without a check of compatibility of its own. It
// may be used by any number of goroutines.
type Fake struct {
	server *httptest.Server
	store  *srfake.Registry
	strict *embedded.Registry // with a store of its own

	mu    sync.Mutex
	mood  string
	asked []string
}

// NewFake starts a Fake on loopback. Close it when done.
func NewFake() *Fake {
	f := &Fake{store: srfake.NewRegistry(), strict: embedded.New(), mood: Good}
	f.server = httptest.NewServer(f)
	return f
}

// URL is where it answers.
func (f *Fake) URL() string { return f.server.URL }

// Close ends it.
func (f *Fake) Close() { f.server.Close() }

// SetMood changes how it answers from now on.
func (f *Fake) SetMood(mood string) error {
	if status, _ := refusal(mood); status == 0 && !slices.Contains(Moods(), mood) {
		return fmt.Errorf("mood %q: want one of %v, or a status and a text", mood, Moods())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mood = mood
	return nil
}

// refusal splits a mood that is a status and a text.
func refusal(mood string) (status int, text string) {
	number, text, _ := strings.Cut(mood, " ")
	if status, err := strconv.Atoi(number); err == nil && status >= 400 && status < 600 {
		return status, text
	}
	return 0, ""
}

// Asked returns the requests since the last call, as "GET /subjects".
func (f *Fake) Asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	asked := f.asked
	f.asked = nil
	return asked
}

// ServeHTTP answers.
func (f *Fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.asked = append(f.asked, r.Method+" "+r.URL.Path)
	mood := f.mood
	f.mu.Unlock()
	say := func(status int, text string) {
		w.WriteHeader(status)
		io.WriteString(w, text) //nolint:errcheck // the test sees what arrives
	}
	status, text := refusal(mood)
	switch {
	case status != 0:
		say(status, text)
	case mood == Strict:
		f.strict.ServeHTTP(w, r)
	case mood == Page:
		say(http.StatusOK, "<html>Please log in</html>")
	case mood == Broken:
		say(http.StatusInternalServerError, "<html>oops</html>")
	case mood == Cut:
		say(http.StatusOK, `{"schema":"{\"type\":\"rec`)
	case mood == Locked:
		say(http.StatusUnauthorized, `{"error_code":401,"message":"who are you?"}`)
	case mood == Silent:
		<-r.Context().Done()
	case mood == Late:
		w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
		f.store.Handler().ServeHTTP(w, r)
	case mood == Incompatible && strings.HasPrefix(r.URL.Path, "/compatibility/"):
		say(http.StatusOK, `{"is_compatible":false,"messages":["{errorType:'TYPE_MISMATCH', description:'The type of a field has changed'}"]}`)
	case mood == Incompatible && r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/versions"):
		say(http.StatusConflict, `{"error_code":409,"message":"Schema being registered is incompatible with an earlier schema"}`)
	default:
		f.store.Handler().ServeHTTP(w, r)
	}
}

package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
)

// patient is a rest whose questions are answered by the test.
type patient struct {
	*rest
	mu    sync.Mutex
	time  time.Time
	asked chan chan error // a question, to be answered
}

func newPatient() *patient {
	p := &patient{time: newClock().now, asked: make(chan chan error)}
	p.rest = newRest(func() time.Time {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.time
	})
	return p
}

func (p *patient) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.time = p.time.Add(d)
}

// question hands itself to the test.
func (p *patient) question(context.Context) error {
	answer := make(chan error)
	p.asked <- answer
	return <-answer
}

// wait asks, answers with err, and wants it back.
func (p *patient) wait(t *testing.T, err error) {
	t.Helper()
	got := make(chan error)
	go func() { got <- p.ask(t.Context(), p.question) }()
	<-p.asked <- err
	if diff := cmp.Diff(errText(err), errText(<-got)); diff != "" {
		t.Error(diff)
	}
}

// refused asks a hundred times and wants the failure at once; nothing is asked.
func (p *patient) refused(t *testing.T, want string) {
	t.Helper()
	for range 100 {
		err := p.ask(t.Context(), func(context.Context) error { t.Error("asked"); return nil })
		if diff := cmp.Diff(want, errText(err)); diff != "" {
			t.Error(diff)
		}
	}
}

// askedAside wants the failure at once, and one question aside; err is its answer.
func (p *patient) askedAside(t *testing.T, want string, err error) {
	t.Helper()
	if diff := cmp.Diff(want, errText(p.ask(t.Context(), p.question))); diff != "" {
		t.Error(diff)
	}
	answer := <-p.asked
	p.refused(t, want) // while it is asked nobody else asks
	answer <- err
	for { // until it is learned
		p.rest.mu.Lock()
		over := !p.aside
		p.rest.mu.Unlock()
		if over {
			return
		}
		runtime.Gosched()
	}
}

func down(n int) error { return fmt.Errorf("%w: down %d", serde.ErrRegistry, n) }

func TestARegistryIsLeftAlone(t *testing.T) {
	p := newPatient()
	p.wait(t, nil)
	p.wait(t, serde.ErrUnknownSchema) // an answer
	p.wait(t, down(1))
	pause := firstRest
	for n := 1; n < 8; n++ {
		p.refused(t, errText(down(n)))
		p.pass(pause - 1)
		p.refused(t, errText(down(n)))
		p.pass(1)
		p.askedAside(t, errText(down(n)), down(n+1))
		pause = min(2*pause, longestRest)
	}
	p.pass(longestRest)
	p.askedAside(t, errText(down(8)), nil)
	p.wait(t, down(9)) // it is asked again, but has not proved itself
	p.pass(longestRest - 1)
	p.refused(t, errText(down(9)))
	p.pass(1)
	p.askedAside(t, errText(down(9)), serde.ErrUnknownSchema)
	p.wait(t, nil)
	p.wait(t, down(10))
	p.pass(firstRest)
	p.askedAside(t, errText(down(10)), nil)
}

func TestWhoeverLeavesTeachesNothing(t *testing.T) {
	p := newPatient()
	gone, cancel := context.WithCancel(t.Context())
	err := p.ask(gone, func(context.Context) error { cancel(); return down(1) })
	if !errors.Is(err, serde.ErrRegistry) {
		t.Error(err)
	}
	p.wait(t, nil)
}

// Those who wait at the same time meet one failure.
func TestOneFailureForAll(t *testing.T) {
	p := newPatient()
	got := make(chan error)
	var answers []chan error
	for range 5 {
		go func() { got <- p.ask(t.Context(), p.question) }()
	}
	for range 5 {
		answers = append(answers, <-p.asked)
	}
	for _, a := range answers {
		a <- down(1)
		if err := <-got; !errors.Is(err, serde.ErrRegistry) {
			t.Error(err)
		}
	}
	p.pass(firstRest)
	p.askedAside(t, errText(down(1)), nil)
}

func TestAnOutageCostsAHandfulOfRequests(t *testing.T) {
	for name, test := range map[string]struct {
		answer   http.HandlerFunc
		want     string
		requests int64
	}{
		"broken":   {answer: say(500, "text/html", "<html>"), want: "schema registry URL/schemas/ids/0: 500 Internal Server Error", requests: 1 + repetitions},
		"web page": {answer: say(200, "text/html", "<html>"), want: "schema registry URL: this is not the answer of a schema registry: invalid character '<' looking for beginning of value", requests: 1},
		"silent": {
			answer: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, requests: 1,
			want: "schema registry URL: no answer within 700ms",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var requests atomic.Int64
			url := serve(t, &requests, test.answer)
			c := open(t, Config{URLs: []string{url}, Timeout: 700 * time.Millisecond, Rest: true, Now: newClock().Now})
			for id := range 1000 {
				_, err := c.ByID(t.Context(), id, "")
				if diff := cmp.Diff(test.want, strings.ReplaceAll(errText(err), url, "URL")); diff != "" {
					t.Fatal(diff)
				}
			}
			if got := requests.Load(); got != test.requests {
				t.Errorf("%d requests, want %d", got, test.requests)
			}
		})
	}
}

//go:build unix

package cmd

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// moodyServer takes documents as Elasticsearch's _bulk does, or as lines, and misbehaves.
type moodyServer struct {
	mu       sync.Mutex
	asked    int
	taken    map[string]string // documents by their ids
	repeated int
}

func (m *moodyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	m.asked++
	mood := m.asked % 12
	m.mu.Unlock()
	switch mood {
	case 1:
		w.Header().Set("Retry-After", "0")
		w.WriteHeader(http.StatusTooManyRequests)
		return
	case 2:
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	case 3: // until the client gives up
		_, _ = io.Copy(io.Discard, r.Body) // else nobody notices that it has
		<-r.Context().Done()
		return
	}
	var items []string
	bad := 0
	lines := bufio.NewScanner(r.Body)
	for lines.Scan() {
		var line struct {
			ID    string
			Value json.RawMessage
			Index struct {
				ID string `json:"_id"`
			}
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		id, value := line.ID, string(line.Value)
		if line.Index.ID != "" && lines.Scan() {
			id, value = line.Index.ID, lines.Text()
		}
		status := http.StatusCreated
		if strings.Contains(value, `"bad"`) {
			status, bad = http.StatusBadRequest, bad+1
		}
		items = append(items, fmt.Sprintf(`{"index":{"_id":%q,"status":%d,"error":"no such field"}}`, id, status))
		if status == http.StatusCreated {
			m.mu.Lock()
			if m.taken[id] != "" {
				m.repeated++
			}
			m.taken[id] = value
			m.mu.Unlock()
		}
	}
	switch {
	case mood == 4: // all was taken, and nobody knows
		panic(http.ErrAbortHandler)
	case bad > 0 && !strings.Contains(r.URL.Path, "_bulk"):
		http.Error(w, "no such field", http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, `{"errors":true,"items":[%s]}`, strings.Join(items, ","))
}

// A server that fails, hangs, answers 429 and loses answers has each record in the end, once by
// its id; one that it refuses is --on-error's.
func TestSinkOfHTTP(t *testing.T) {
	t.Parallel()
	for path, format := range map[string]string{"/_bulk": "elasticsearch", "/lines": "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			m := &moodyServer{taken: map[string]string{}}
			server := httptest.NewServer(m)
			t.Cleanup(server.Close)
			s := newStage(t)
			s.create(2)
			produce := s.start("produce", s.topic)
			for i := range 300 {
				fmt.Fprintf(produce.stdin, `{"n":%d}`+"\n", i)
			}
			fmt.Fprintln(produce.stdin, `{"bad":1}`)
			produce.stdin.Close()
			produce.wait(0)
			args := []string{"pipe", s.topic, server.URL + path, "--format", format, "--group", s.group, "-e", "--timeout", "3s", "--commit-every", "20"}
			failed := s.start(args...)
			failed.wait(6)
			if said := failed.said(); !strings.Contains(said, "@") || !strings.Contains(said, "no such field") {
				t.Errorf("it said:\n%s", said)
			}
			p := s.start(append(args, "--on-error", "skip")...)
			p.wait(0)
			if said := p.said(); !strings.Contains(said, "was left out") || !strings.Contains(said, "400") {
				t.Errorf("it said:\n%s", said)
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			seen := map[string]bool{}
			for id, value := range m.taken {
				seen[value] = true
				if !strings.HasPrefix(id, s.topic+"-") {
					t.Errorf("id %s", id)
				}
			}
			if len(m.taken) != 300 || len(seen) != 300 {
				t.Errorf("%d documents with %d values, want 300", len(m.taken), len(seen))
			}
			if m.repeated == 0 {
				t.Error("no answer was lost")
			}
		})
	}
}

package embedded

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
)

// Registry answers requests in Confluent's API. It may be used by any number of goroutines.
type Registry struct {
	store *srfake.Registry

	mu      sync.Mutex // held while something changes
	journal *os.File   // of the requests that changed something; nil without a file

	server *http.Server // nil without a port of its own
	url    string
}

// New returns an empty registry that listens nowhere: it is a handler.
func New() *Registry { return &Registry{store: srfake.NewRegistry()} }

// Start listens at HOST:PORT; port 0 is any free one. What it is told is kept in the file
// path, if that is not empty.
func Start(address, path string) (*Registry, error) {
	r := New()
	if path != "" {
		if err := r.open(path); err != nil {
			return nil, fmt.Errorf("schema registry: %w", err)
		}
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("schema registry: %w", err), r.Close())
	}
	r.url = "http://" + l.Addr().String()
	r.server = &http.Server{Handler: r, ReadHeaderTimeout: 10 * time.Second}
	go r.server.Serve(l) //nolint:errcheck // ends with Close, and has no other error
	return r, nil
}

// URL is where it answers; empty without a port of its own.
func (r *Registry) URL() string { return r.url }

// Close ends it.
func (r *Registry) Close() error {
	var err error
	if r.server != nil {
		err = r.server.Close()
	}
	if r.journal != nil {
		err = errors.Join(err, r.journal.Close())
	}
	return err
}

// change is a request that changed something.
type change struct {
	Method string          `json:"method"`
	URL    string          `json:"url"`
	Body   json.RawMessage `json:"body,omitempty"`
}

// open reads the journal, as far as it is whole, and goes on at its end.
func (r *Registry) open(path string) error {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	lines := bufio.NewScanner(bytes.NewReader(text[:whole]))
	lines.Buffer(nil, whole+1)
	for n := 1; lines.Scan(); n++ {
		var c change
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			return fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if status, answer := r.apply(c); status != http.StatusOK {
			return fmt.Errorf("%s:%d: %s", path, n, answer)
		}
	}
	if r.journal, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644); err != nil {
		return err
	}
	if err := r.journal.Truncate(int64(whole)); err != nil { // half a line is that of a kill
		return err
	}
	_, err = r.journal.Seek(int64(whole), io.SeekStart)
	return err
}

// maxBody bounds a request, as the store does.
const maxBody = 1 << 20

// ServeHTTP answers a request.
func (r *Registry) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	parts := strings.Split(strings.Trim(request.URL.EscapedPath(), "/"), "/")
	registers := request.Method == http.MethodPost && len(parts) == 3 && parts[0] == "subjects" && parts[2] == "versions"
	checks := request.Method == http.MethodPost && len(parts) >= 4 && parts[0] == "compatibility"
	changes := registers || request.Method == http.MethodPut || request.Method == http.MethodDelete
	if !changes && !checks {
		r.store.Handler().ServeHTTP(w, request)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, request.Body, maxBody))
	if err != nil {
		refuse(w, http.StatusRequestEntityTooLarge, 413, err.Error())
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if checks {
		r.serveCheck(request.Context(), w, parts, body)
		return
	}
	if registers {
		if status, code, text := r.mayRegister(request.Context(), parts[1], body); status != 0 {
			refuse(w, status, code, text)
			return
		}
	}
	c := change{request.Method, request.URL.RequestURI(), body}
	status, answer := r.apply(c)
	if status == http.StatusOK && r.journal != nil {
		if err := r.note(c); err != nil {
			refuse(w, http.StatusInternalServerError, 50001, err.Error())
			return
		}
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(answer) // who has gone needs none
}

func (r *Registry) note(c change) error {
	line, err := json.Marshal(c)
	if err != nil {
		return err
	}
	_, err = r.journal.Write(append(line, '\n'))
	return err
}

// apply does what a request says. A schema with an id of its own, which only a subject in the
// mode IMPORT takes, gets that one.
func (r *Registry) apply(c change) (status int, answer []byte) {
	request, err := http.NewRequest(c.Method, c.URL, bytes.NewReader(c.Body))
	if err != nil {
		return http.StatusBadRequest, []byte(err.Error())
	}
	var imported struct {
		ID      int `json:"id"`
		Version int `json:"version"`
		sr.Schema
	}
	parts := strings.Split(strings.Trim(request.URL.EscapedPath(), "/"), "/")
	if c.Method == http.MethodPost && json.Unmarshal(c.Body, &imported) == nil && imported.ID > 0 {
		subject, err := url.PathUnescape(parts[1])
		if err != nil {
			return http.StatusBadRequest, []byte(err.Error())
		}
		return r.seed(subject, imported.Version, imported.ID, imported.Schema)
	}
	var a answered
	r.store.Handler().ServeHTTP(&a, request)
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.status, a.text.Bytes()
}

// seed registers a schema under an id. Several subjects may have the schema of one id, as
// they do where each of them registers it.
func (r *Registry) seed(subject string, version, id int, schema sr.Schema) (status int, answer []byte) {
	defer func() {
		if e := recover(); e != nil { // the store's way to say that it is taken, or refused
			status, answer = http.StatusUnprocessableEntity, errorText(42205, fmt.Sprint(e))
		}
	}()
	var all []sr.SubjectSchema
	r.ask("/schemas?deleted=true", &all)
	next := 1
	var first *sr.SubjectSchema // that has the id
	for i, s := range all {
		if s.Subject == subject {
			next = max(next, s.Version+1)
		}
		if s.ID == id && first == nil {
			first = &all[i]
		}
	}
	if first == nil {
		if version <= 0 {
			version = next
		}
		r.store.SeedSchema(subject, version, id, schema)
		return http.StatusOK, fmt.Appendf(nil, `{"id":%d}`, id)
	}
	return r.seedAgain(all, first, subject, version, next, schema)
}

// seedAgain gives a subject the schema of an id that is known: first has it, all are the
// versions that there are, deleted ones too. The store takes it as the next version only.
func (r *Registry) seedAgain(all []sr.SubjectSchema, first *sr.SubjectSchema, subject string, version, next int, schema sr.Schema) (status int, answer []byte) {
	done := fmt.Appendf(nil, `{"id":%d}`, first.ID)
	refused := func(format string, args ...any) (int, []byte) {
		return http.StatusUnprocessableEntity, errorText(42205, fmt.Sprintf(format, args...))
	}
	live := r.versions(url.PathEscape(subject))
	if !sameSchema(first.Schema, schema) {
		return refused("id %d is another schema, that of %s version %d", first.ID, first.Subject, first.Version)
	}
	for _, s := range all {
		switch {
		case s.GUID == first.GUID && s.ID != first.ID:
			return refused("the schema has the ids %d and %d", first.ID, s.ID)
		case s.Subject != subject || s.ID != first.ID:
		case !slices.Contains(live, s.Version):
			return refused("version %d of %s, which has the schema, is deleted", s.Version, subject)
		case version > 0 && s.Version != version:
			return refused("version %d of %s has the schema already", s.Version, subject)
		default:
			return http.StatusOK, done
		}
	}
	if version > 0 && version != next {
		return refused("id %d is known: the next version of %s is %d, not %d", first.ID, subject, next, version)
	}
	if _, _, err := r.store.RegisterSchema(subject, schema); err != nil {
		return refused("%v", err)
	}
	return http.StatusOK, done
}

// sameSchema compares schemas as they are written.
func sameSchema(a, b sr.Schema) bool {
	return a.Schema == b.Schema && a.Type == b.Type && slices.Equal(a.References, b.References)
}

// answered keeps an answer of the store.
type answered struct {
	status int
	header http.Header
	text   bytes.Buffer
}

func (a *answered) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

func (a *answered) WriteHeader(status int) { a.status = status }

func (a *answered) Write(p []byte) (int, error) { return a.text.Write(p) }

// ask gets something from the store.
func (r *Registry) ask(url string, into any) bool {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	var a answered
	r.store.Handler().ServeHTTP(&a, request)
	return (a.status == 0 || a.status == http.StatusOK) && json.Unmarshal(a.text.Bytes(), into) == nil
}

const contentType = "application/vnd.schemaregistry.v1+json"

func refuse(w http.ResponseWriter, status, code int, text string) {
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(errorText(code, text)) // who has gone needs none
}

func errorText(code int, text string) []byte {
	line, err := json.Marshal(map[string]any{"error_code": code, "message": text})
	if err != nil {
		return []byte(`{"error_code":50001}`)
	}
	return line
}

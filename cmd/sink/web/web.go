// Package web writes rows to a server by HTTP, many in a request: as JSON lines, or as the actions
// of Elasticsearch's _bulk. Offsets are Kafka's, so rows come at least once; each has an id, by
// which a repeat is none of the documents'.
package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"kstream/cmd/cli"
	"kstream/cmd/sink/table"
	"kstream/output/columns"
)

// What is in a request.
const (
	Lines         = "json"
	Elasticsearch = "elasticsearch"
)

// Store is a server. One goroutine uses it.
type Store struct {
	options *table.Options
	url     string
	format  string
	client  *http.Client
	body    []byte
	scratch []byte
}

// Open returns the server of a URL. It is not asked for anything yet.
func Open(url, format string, o *table.Options) (*Store, error) {
	s := &Store{options: o, url: url, format: format, client: &http.Client{
		Timeout: o.Timeout / 2, // so that a request that hangs is not the last one
		// A body that was sent elsewhere would not be where it was meant to go.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if _, err := http.NewRequest(http.MethodPost, url, nil); err != nil {
		return nil, cli.Usagef("DST is no URL of HTTP")
	}
	return s, nil
}

// Take has nothing to do: the offsets are those of the group in Kafka.
func (s *Store) Take(_ context.Context, parts []table.Partition) error {
	for i := range parts {
		parts[i].Next = -1
	}
	return nil
}

// Close closes idle connections.
func (s *Store) Close() error {
	s.client.CloseIdleConnections()
	return nil
}

// item is a row in a request.
type item struct {
	row        int
	at         table.Place
	start, end int // in the body
}

// Write sends the rows, in requests of up to 5 MB, until each was taken or rejected.
func (s *Store) Write(ctx context.Context, t *table.Transaction) error {
	for _, rows := range t.Tables {
		if err := s.writeRows(ctx, t, rows); err != nil {
			return err
		}
	}
	return nil
}

const mostBytes = 5 << 20

func (s *Store) writeRows(ctx context.Context, t *table.Transaction, rows *table.Rows) error {
	var reader columns.TableRows
	var items []item
	s.body = s.body[:0]
	row, of, same := -1, table.Place{}, 0
	err := reader.Each(rows.Frames, func(r *columns.TableRow) error {
		if row++; rows.Skipped(row) {
			return nil
		}
		at := table.PlaceOf(r)
		if same++; at != of {
			of, same = at, 0
		}
		start := len(s.body)
		if err := s.encode(rows.Table, r, at, same); err != nil {
			s.body = s.body[:start]
			return t.Rejected(rows, row, at, &table.Rejection{Table: rows.Table, Reason: err.Error()})
		}
		items = append(items, item{row, at, start, len(s.body)})
		if len(s.body) < mostBytes {
			return nil
		}
		err := s.send(ctx, t, rows, items)
		s.body, items = s.body[:0], items[:0]
		return err
	})
	if err != nil {
		return err
	}
	return s.send(ctx, t, rows, items)
}

// encode appends a row to the body.
func (s *Store) encode(index string, r *columns.TableRow, at table.Place, same int) error {
	if len(r.Failed) > 0 {
		return errors.New(string(r.Failed))
	}
	id := fmt.Sprintf("%s-%d-%d", at.Topic, at.Partition, at.Offset)
	if same > 0 { // several results of --map
		id += "-" + strconv.Itoa(same)
	}
	if s.options.RecordKey {
		if r.Key.Kind == columns.IsNull || r.Key.Kind == columns.IsBinary {
			return errors.New("the record has no key that is text, which --primary-key key makes the id")
		}
		id = string(r.Key.Text)
		if r.Key.Kind == columns.IsObject || r.Key.Kind == columns.IsList {
			id = string(r.Key.JSON(nil))
		}
	}
	if r.Value.Kind == columns.IsBinary {
		return errors.New("the value is no JSON and no text")
	}
	s.scratch = append(s.scratch[:0], r.Value.JSON(nil)...)
	v := jsontext.Value(s.scratch)
	if err := v.Compact(); err != nil {
		return err
	}
	if s.format == Lines {
		s.body = append(append(s.body, `{"id":`...), quote(id)...)
		s.body = append(append(append(s.body, `,"value":`...), v...), "}\n"...)
		return nil
	}
	action := "index"
	switch {
	case r.Value.Kind == columns.IsNull && s.options.RecordKey:
		action = "delete"
	case r.Value.Kind != columns.IsObject:
		return errors.New("a document is a JSON object, and the value is none")
	}
	s.body = append(append(s.body, `{"`+action+`":{"_id":`...), quote(id)...)
	if index != "" {
		s.body = append(append(s.body, `,"_index":`...), quote(index)...)
	}
	s.body = append(s.body, "}}\n"...)
	if action == "index" {
		s.body = append(append(s.body, v...), '\n')
	}
	return nil
}

func quote(text string) []byte {
	quoted, _ := jsontext.AppendQuote(nil, text) // what is no UTF-8 becomes U+FFFD
	return quoted
}

// again is how long to wait before a request is sent again, when the server does not say.
const again = 200 * time.Millisecond

// send sends the body until the server takes it, or the time-out is over.
func (s *Store) send(ctx context.Context, t *table.Transaction, rows *table.Rows, items []item) error {
	began, told := time.Now(), false
	for len(items) > 0 {
		var body []byte
		for i := range items {
			body = append(body, s.body[items[i].start:items[i].end]...)
		}
		rest, pause, err := s.post(ctx, t, rows, items, body)
		if err == nil {
			return nil
		}
		var passing *passingError
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case !errors.As(err, &passing):
			return err
		case len(rest) < len(items): // it goes on
			began = time.Now()
		case time.Since(began) > s.options.Timeout && passing.status != http.StatusTooManyRequests:
			return cli.Errorf(cli.CodeUnreachable, "within %s: %w", s.options.Timeout, err)
		}
		items = rest
		if !told && time.Since(began) > time.Second {
			told = true
			s.options.Notice("waiting for the server: %v", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(max(pause, again)):
		}
	}
	return nil
}

// passingError may be gone at another try.
type passingError struct {
	status int
	err    error
}

func (e *passingError) Error() string { return e.err.Error() }

func (e *passingError) Unwrap() error { return e.err }

// post sends items once. Those that are to be sent again are the rest.
func (s *Store) post(ctx context.Context, t *table.Transaction, rows *table.Rows, items []item, body []byte) (rest []item, pause time.Duration, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return nil, 0, errors.New("the URL of DST cannot be used")
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	req.Header.Set("User-Agent", "kstream")
	answer, err := s.client.Do(req)
	if err != nil {
		var of interface{ Unwrap() error } // a *url.Error repeats the URL
		if errors.As(err, &of) {
			err = of.Unwrap()
		}
		return items, 0, &passingError{0, err}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	if err != nil {
		return items, 0, &passingError{0, fmt.Errorf("the answer broke off: %w", err)}
	}
	status := answer.StatusCode
	said := fmt.Errorf("the server answers %s%s", answer.Status, excerpt(text))
	switch {
	case status == http.StatusTooManyRequests, status >= 500:
		seconds, _ := strconv.Atoi(answer.Header.Get("Retry-After")) // 0 where it says a date or nothing
		return items, min(time.Duration(max(seconds, 0))*time.Second, s.options.Timeout), &passingError{status, said}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return nil, 0, cli.Errorf(cli.CodeDenied, "%w", said)
	case status == http.StatusNotFound:
		return nil, 0, cli.Errorf(cli.CodeUnknownTable, "%w", said)
	case status >= 300 && status < 400:
		return nil, 0, fmt.Errorf("%w: it is elsewhere", said)
	case status >= 400 && len(items) == 1:
		return nil, 0, t.Rejected(rows, items[0].row, items[0].at, &table.Rejection{Table: rows.Table, Reason: said.Error()})
	case status >= 400: // for one of them: which?
		for i := range items {
			one := items[i : i+1]
			if err := s.send(ctx, t, rows, one); err != nil {
				return nil, 0, err
			}
		}
		return nil, 0, nil
	case s.format == Elasticsearch:
		return s.results(t, rows, items, text)
	}
	return nil, 0, nil
}

// excerpt is the beginning of what a server says.
func excerpt(text []byte) string {
	said := strings.TrimSpace(string(text[:min(len(text), 200)]))
	if said == "" {
		return ""
	}
	return ": " + cli.OneLine(said)
}

// results looks at what became of each action of a _bulk.
func (s *Store) results(t *table.Transaction, rows *table.Rows, items []item, text []byte) (rest []item, pause time.Duration, err error) {
	var answer struct {
		Items []map[string]struct {
			Status int             `json:"status"`
			Error  json.RawMessage `json:"error"`
		} `json:"items"`
	}
	if err := json.Unmarshal(text, &answer); err != nil || len(answer.Items) != len(items) {
		return nil, 0, fmt.Errorf("the server's answer is not that of _bulk%s", excerpt(text))
	}
	for i, actions := range answer.Items {
		for action, a := range actions {
			switch {
			case a.Status == http.StatusTooManyRequests, a.Status >= 500:
				rest = append(rest, items[i])
				err = &passingError{a.Status, fmt.Errorf("the server answers %d%s", a.Status, excerpt(a.Error))}
			case a.Status >= 400 && !(action == "delete" && a.Status == http.StatusNotFound):
				why := &table.Rejection{Table: rows.Table, Reason: fmt.Sprintf("the server answers %d%s", a.Status, excerpt(a.Error))}
				if err := t.Rejected(rows, items[i].row, items[i].at, why); err != nil {
					return nil, 0, err
				}
			}
		}
	}
	return rest, 0, err
}

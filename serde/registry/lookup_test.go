package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/sr"

	"kstream/serde"
)

func TestRegisterAndLookUp(t *testing.T) {
	for name, urls := range map[string]func(*testing.T) []string{
		"HTTP": func(t *testing.T) []string { return []string{newFake(t).url} },
		"mock": func(*testing.T) []string { return []string{"mock://orders"} },
		"second URL": func(t *testing.T) []string {
			return []string{"http://127.0.0.1:1", newFake(t).url}
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, Config{URLs: urls(t)})
			ctx := t.Context()
			first, err := c.Register(ctx, "orders-value", avro(orderText))
			if err != nil {
				t.Fatal(err)
			}
			if first.ID != 1 || first.Version != 1 || first.Subject != "orders-value" {
				t.Errorf("registered as %+v", first.SchemaInfo)
			}
			again, err := c.Register(ctx, "orders-value", avro(orderText))
			if err != nil || again.ID != first.ID || again.Version != 1 {
				t.Errorf("registered again as %+v, %v", again.SchemaInfo, err)
			}
			byID, err := c.ByID(ctx, 1, "orders-value")
			if err != nil {
				t.Fatal(err)
			}
			want := serde.Schema{SchemaInfo: serde.SchemaInfo{ID: 1, Type: "AVRO"}, Text: orderText}
			if diff := cmp.Diff(want, byID); diff != "" {
				t.Error(diff)
			}
			latest, err := c.BySubject(ctx, "orders-value", -1)
			if err != nil {
				t.Fatal(err)
			}
			want.Subject, want.Version, want.GUID = "orders-value", 1, latest.GUID
			if diff := cmp.Diff(want, latest); diff != "" {
				t.Error(diff)
			}
			byGUID, err := c.ByGUID(ctx, latest.GUID)
			if err != nil || byGUID.Text != orderText || byGUID.GUID != latest.GUID {
				t.Errorf("by GUID: %+v, %v", byGUID, err)
			}
		})
	}
}

func TestWhatIsUnknown(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("a", 1, 7, sr.Schema{Schema: `"string"`})
	c := open(t, Config{URLs: []string{f.url}})
	for name, ask := range map[string]func(context.Context) error{
		"id":          func(ctx context.Context) error { _, err := c.ByID(ctx, 8, ""); return err },
		"negative id": func(ctx context.Context) error { _, err := c.ByID(ctx, -1, ""); return err },
		"subject":     func(ctx context.Context) error { _, err := c.BySubject(ctx, "b", -1); return err },
		"version":     func(ctx context.Context) error { _, err := c.BySubject(ctx, "a", 2); return err },
		"no name":     func(ctx context.Context) error { _, err := c.BySubject(ctx, "..", -1); return err },
		"GUID": func(ctx context.Context) error {
			_, err := c.ByGUID(ctx, "00000000-0000-0000-0000-000000000000")
			return err
		},
		"schema in a subject": func(ctx context.Context) error { _, err := c.Find(ctx, "a", avro(orderText)); return err },
		"what to delete":      func(ctx context.Context) error { _, err := c.Delete(ctx, "b", 0, false); return err },
	} {
		err := ask(t.Context())
		if !errors.Is(err, serde.ErrUnknownSchema) || errors.Is(err, serde.ErrRegistry) {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(serde.ErrUnknownSchema.Error(), errText(err)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestContextsHaveIDsOfTheirOwn(t *testing.T) {
	f := newFake(t)
	f.SeedSchema(":.eu:orders-value", 1, 7, sr.Schema{Schema: orderText})
	c := open(t, Config{URLs: []string{f.url}})
	if s, err := c.BySubject(t.Context(), ":.eu:orders-value", -1); err != nil || s.ID != 7 {
		t.Errorf("%+v, %v", s, err)
	}
	if _, err := c.ByID(t.Context(), 7, ":.eu:orders-value"); err != nil {
		t.Error(err)
	}
	if _, err := c.ByID(t.Context(), 7, "orders-value"); err != nil {
		t.Error(err)
	}
	want := []string{
		"GET /subjects/:.eu:orders-value/versions/latest",
		"GET /schemas/ids/7?subject=%3A.eu%3Aorders-value",
		"GET /schemas/ids/7",
	}
	if diff := cmp.Diff(want, f.requests()); diff != "" {
		t.Error(diff)
	}
	inURL := open(t, Config{URLs: []string{f.url + "/contexts/.eu"}})
	if s, err := inURL.ByID(t.Context(), 7, ""); err != nil || s.Text != orderText {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestRequestsAreFew(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("a", 1, 7, sr.Schema{Schema: `"string"`})
	now := newClock()
	c := open(t, Config{URLs: []string{f.url}, Now: now.Now})
	step := func(what string, want []string, ask func(context.Context) error) {
		t.Helper()
		for range 1000 {
			if err := ask(t.Context()); err != nil && !errors.Is(err, serde.ErrUnknownSchema) {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(want, f.requests()); diff != "" {
			t.Errorf("%s: %s", what, diff)
		}
	}
	known := func(ctx context.Context) error { _, err := c.ByID(ctx, 7, "a"); return err }
	unknown := func(ctx context.Context) error { _, err := c.ByID(ctx, 8, "a"); return err }
	latest := func(ctx context.Context) error { _, err := c.BySubject(ctx, "a", -1); return err }
	version := func(ctx context.Context) error { _, err := c.BySubject(ctx, "a", 1); return err }

	step("known", []string{"GET /schemas/ids/7"}, known)
	step("unknown", []string{"GET /schemas/ids/8"}, unknown)
	step("latest", []string{"GET /subjects/a/versions/latest"}, latest)
	step("version", []string{"GET /subjects/a/versions/1"}, version)
	now.now = now.now.Add(unknownFor - time.Millisecond)
	step("unknown, not yet late", nil, unknown)
	now.now = now.now.Add(time.Millisecond)
	step("unknown, late", []string{"GET /schemas/ids/8"}, unknown)
	step("latest, within a minute", nil, latest)
	now.now = now.now.Add(latestFor)
	step("latest, after it", []string{"GET /subjects/a/versions/latest"}, latest)
	step("known, for ever", nil, known)
	step("version, for ever", nil, version)
}

func TestGoroutinesShareOneRequest(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("a", 1, 7, sr.Schema{Schema: `"string"`})
	arrived, answer := make(chan struct{}), make(chan struct{})
	f.Intercept(func(http.ResponseWriter, *http.Request) bool {
		close(arrived) // a second request would panic
		<-answer
		return false
	})
	c := open(t, Config{URLs: []string{f.url}})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if s, err := c.ByID(context.Background(), 7, ""); err != nil || s.Text != `"string"` {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
	<-arrived
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.ByID(gone, 7, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("who has left got %v", err)
	}
	close(answer)
	all.Wait()
	if got := f.requests(); len(got) != 1 {
		t.Errorf("%d requests: %v", len(got), got)
	}
}

func TestAWaiterAsksWhenTheFirstHasLeft(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("a", 1, 7, sr.Schema{Schema: `"string"`})
	c := open(t, Config{URLs: []string{f.url}})
	leave, cancel := context.WithCancel(t.Context())
	var once sync.Once
	result := make(chan error, 1)
	f.Intercept(func(_ http.ResponseWriter, r *http.Request) bool {
		once.Do(func() {
			go func() {
				_, err := c.ByID(context.Background(), 7, "")
				result <- err
			}()
			cancel()
			<-r.Context().Done()
		})
		return false
	})
	if _, err := c.ByID(leave, 7, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("who has left got %v", err)
	}
	if err := <-result; err != nil {
		t.Error(err)
	}
}

func TestTheCacheIsBounded(t *testing.T) {
	c := newCache(nil)
	text := string(make([]byte, 1<<20))
	for i := range 500 {
		c.add(cacheKey{kind: byID, number: i}, &entry{schema: avro(text)})
	}
	if c.bytes > maxBytes || c.have(cacheKey{kind: byID, number: 499}) == nil || c.have(cacheKey{kind: byID, number: 0}) != nil {
		t.Errorf("%d bytes in %d entries", c.bytes, len(c.entries))
	}
	for i := range 3 * maxEntries {
		c.add(cacheKey{kind: byGUID, name: fmt.Sprint(i)}, &entry{err: serde.ErrUnknownSchema})
	}
	if len(c.entries) != maxEntries || len(c.order) != maxEntries || c.bytes != maxEntries*entryBytes {
		t.Errorf("%d entries, %d in order, %d bytes", len(c.entries), len(c.order), c.bytes)
	}
	c.add(cacheKey{}, &entry{schema: avro(string(make([]byte, maxBytes)))})
	if c.have(cacheKey{}) != nil {
		t.Error("a schema as large as everything was kept")
	}
}

func TestAHitCostsNothing(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("a", 1, 7, sr.Schema{Schema: `"string"`})
	c := open(t, Config{URLs: []string{f.url}})
	ctx := t.Context()
	ask := func() {
		if _, err := c.ByID(ctx, 7, "a"); err != nil {
			t.Fatal(err)
		}
	}
	ask()
	if n := testing.AllocsPerRun(100, ask); n > 1 { // the question that is not asked
		t.Errorf("%v allocations", n)
	}
}

func TestReferencesAreTold(t *testing.T) {
	f := newFake(t)
	ref := func(subject string) sr.SchemaReference {
		return sr.SchemaReference{Name: subject, Subject: subject, Version: 1}
	}
	f.SeedSchema("c", 1, 1, sr.Schema{Schema: `"string"`})
	f.SeedSchema("b", 1, 2, sr.Schema{Schema: `"int"`, References: []sr.SchemaReference{ref("c")}})
	f.SeedSchema("a", 1, 3, sr.Schema{Schema: `"long"`, References: []sr.SchemaReference{ref("c"), ref("b")}})
	c := open(t, Config{URLs: []string{f.url}})
	s, err := c.BySubject(t.Context(), "a", -1)
	if err != nil {
		t.Fatal(err)
	}
	want := []serde.Reference{{Name: "c", Subject: "c", Version: 1}, {Name: "b", Subject: "b", Version: 1}}
	if diff := cmp.Diff(want, s.References); diff != "" {
		t.Error(diff)
	}
}

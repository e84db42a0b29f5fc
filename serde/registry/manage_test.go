package registry

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"

	"kstream/serde"
)

func TestList(t *testing.T) {
	f := newFake(t)
	f.SeedSchema("orders-value", 1, 1, sr.Schema{Schema: orderText})
	f.SeedSchema("orders-value", 2, 2, sr.Schema{Schema: order2Text})
	f.SeedSchema("cities-value", 1, 3, sr.Schema{Schema: `{"type":"object"}`, Type: sr.TypeJSON})
	f.SeedSchema("old", 1, 4, sr.Schema{Schema: `"int"`})
	c := open(t, Config{URLs: []string{f.url}})
	if _, err := c.Delete(t.Context(), "old", 0, false); err != nil {
		t.Fatal(err)
	}
	row := func(subject string, version, id int, kind string, deleted bool) Listed {
		return Listed{serde.SchemaInfo{Subject: subject, Version: version, ID: id, Type: kind}, deleted}
	}
	for name, test := range map[string]struct {
		listing Listing
		want    []Listed
	}{
		"latest": {want: []Listed{
			row("cities-value", 1, 3, "JSON", false),
			row("orders-value", 2, 2, "AVRO", false),
		}},
		"all versions": {listing: Listing{Versions: true}, want: []Listed{
			row("cities-value", 1, 3, "JSON", false),
			row("orders-value", 1, 1, "AVRO", false),
			row("orders-value", 2, 2, "AVRO", false),
		}},
		"prefix": {listing: Listing{Prefix: "o"}, want: []Listed{row("orders-value", 2, 2, "AVRO", false)}},
		"deleted": {listing: Listing{Prefix: "o", Deleted: true}, want: []Listed{
			row("old", 1, 4, "AVRO", true),
			row("orders-value", 2, 2, "AVRO", false),
		}},
		"nothing": {listing: Listing{Prefix: "x"}},
	} {
		got, err := c.List(t.Context(), test.listing)
		if err != nil {
			t.Fatal(err)
		}
		for i := range got {
			got[i].GUID = "" // the fake makes one up
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestDelete(t *testing.T) {
	f := newFake(t)
	c := open(t, Config{URLs: []string{f.url}})
	for _, text := range []string{orderText, order2Text} {
		if _, err := c.Register(t.Context(), "a", avro(text)); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := c.BySubject(t.Context(), "a", -1); err != nil || s.Version != 2 {
		t.Fatal(s, err)
	}
	gone, err := c.Delete(t.Context(), "a", 2, true)
	if err != nil || !cmp.Equal([]int{2}, gone) {
		t.Errorf("gone: %v, %v", gone, err)
	}
	if s, err := c.BySubject(t.Context(), "a", -1); err != nil || s.Version != 1 {
		t.Errorf("the latest is %d, %v", s.Version, err)
	}
	if gone, err = c.Delete(t.Context(), "a", 0, true); err != nil || !cmp.Equal([]int{1}, gone) {
		t.Errorf("gone: %v, %v", gone, err)
	}
	if _, err := c.Delete(t.Context(), "a", 0, true); !errors.Is(err, serde.ErrUnknownSchema) {
		t.Errorf("once more: %v", err)
	}
}

func TestUsesAndUsers(t *testing.T) {
	f := newFake(t)
	c := open(t, Config{URLs: []string{f.url}})
	f.SeedSchema("city", 1, 1, sr.Schema{Schema: `{"type":"record","name":"City","fields":[]}`})
	f.SeedSchema("order", 1, 2, sr.Schema{
		Schema:     `{"type":"record","name":"Order","fields":[{"name":"c","type":"City"}]}`,
		References: []sr.SchemaReference{{Name: "City", Subject: "city", Version: 1}},
	})
	users, err := c.Users(t.Context(), "city", 1)
	if err != nil || !cmp.Equal([]int{2}, users) {
		t.Errorf("users: %v, %v", users, err)
	}
	uses, err := c.Uses(t.Context(), 2)
	if err != nil || !cmp.Equal([]Use{{"order", 1}}, uses) {
		t.Errorf("uses: %v, %v", uses, err)
	}
	if _, err := c.Delete(t.Context(), "city", 1, false); !errors.Is(err, ErrRefused) {
		t.Errorf("what others refer to: %v", err)
	}
}

func TestCheck(t *testing.T) {
	for name, test := range map[string]struct {
		all      bool
		answer   string
		want     Verdict
		wantErr  string
		wantPath string
	}{
		"good": {answer: `{"is_compatible":true}`, want: Verdict{Compatible: true, Level: "FULL"}, wantPath: "/compatibility/subjects/a/versions/latest"},
		"bad": {
			all: true, answer: `{"is_compatible":false,"messages":["{errorType:'X',\n path:'/f'}","second"]}`, wantPath: "/compatibility/subjects/a/versions",
			want: Verdict{Level: "FULL", Messages: []string{"{errorType:'X', path:'/f'}", "second"}},
		},
		"no answer": {answer: `{}`, wantErr: "schema registry URL: this is not the answer of a schema registry: no is_compatible in it", wantPath: "/compatibility/subjects/a/versions/latest"},
	} {
		var requests atomic.Int64
		var path atomic.Value
		url := serve(t, &requests, func(w http.ResponseWriter, r *http.Request) {
			switch {
			case strings.HasPrefix(r.URL.Path, "/compatibility/"):
				path.Store(r.URL.Path)
				say(200, "application/json", test.answer)(w, r)
			case r.URL.Path == "/config":
				say(200, "application/json", `{"compatibilityLevel":"FULL"}`)(w, r)
			default:
				say(404, "application/json", `{"error_code":40401,"message":"none of its own"}`)(w, r)
			}
		})
		c := open(t, Config{URLs: []string{url}})
		got, err := c.Check(t.Context(), "a", avro(orderText), test.all)
		if diff := cmp.Diff(test.wantErr, strings.ReplaceAll(errText(err), url, "URL")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if diff := cmp.Diff(test.wantPath, path.Load()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// A registry that has only what Apicurio 3 has.
func TestEndpointsThatAreMissing(t *testing.T) {
	f := newFake(t)
	f.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		for _, part := range []string{"/schemas/guids/", "/mode", "/contexts", "referencedby", "/subjects?"} {
			if strings.Contains(r.URL.RequestURI(), part) && !strings.Contains(part, "?") {
				say(404, "application/json", `{"title":"Not Found","status":404}`)(w, r)
				return true
			}
		}
		return false
	})
	f.SeedSchema("a", 1, 7, sr.Schema{Schema: orderText})
	c := open(t, Config{URLs: []string{f.url}})
	if _, err := c.ByGUID(t.Context(), "12345678-1234-1234-1234-123456789012"); !errors.Is(err, serde.ErrUnknownSchema) || errors.Is(err, serde.ErrRegistry) {
		t.Errorf("GUID: %v", err)
	}
	if users, err := c.Users(t.Context(), "a", 1); users != nil || err != nil {
		t.Errorf("users: %v, %v", users, err)
	}
	if list, err := c.List(t.Context(), Listing{Prefix: "b"}); len(list) != 0 || err != nil {
		t.Errorf("list: %v, %v", list, err)
	}
}

func TestRegisteringIsRefused(t *testing.T) {
	f := newFake(t, srfake.WithAuth("Basic bWU6cHc="))
	c := open(t, Config{URLs: []string{f.url}, Username: "me", Password: "pw"})
	if _, err := c.Register(t.Context(), "a", avro(`{"type":"record","name":"Order","fields":[{"name":"c","type":"City"}]}`,
		serde.Reference{Name: "City", Subject: "city", Version: 1})); !errors.Is(err, ErrInvalid) && !errors.Is(err, serde.ErrUnknownSchema) {
		t.Errorf("a reference to nothing: %v", err)
	}
	f.Intercept(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/versions") {
			say(409, "application/json", `{"error_code":409,"message":"Schema being registered is incompatible with an earlier schema"}`)(w, r)
		}
		return strings.HasSuffix(r.URL.Path, "/versions")
	})
	_, err := c.Register(t.Context(), "a", avro(orderText))
	want := "the registry finds the schema incompatible: 409: Schema being registered is incompatible with an earlier schema"
	if diff := cmp.Diff(want, errText(err)); diff != "" || !errors.Is(err, ErrIncompatible) || errors.Is(err, serde.ErrRegistry) {
		t.Error(diff)
	}
	if _, err := c.Register(t.Context(), "..", avro(orderText)); !errors.Is(err, ErrRefused) {
		t.Errorf("got %v", err)
	}
	wrong := open(t, Config{URLs: []string{f.url}, Username: "me", Password: "wrong"})
	if _, err := wrong.Subjects(t.Context()); !errors.Is(err, ErrDenied) {
		t.Errorf("got %v", err)
	}
}

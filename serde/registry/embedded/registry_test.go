package embedded

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// send sends a request to the registry and returns its answer.
func send(t *testing.T, r *Registry, method, path string, body any) (status int, answer string) {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, r.URL()+path, strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(got)
}

func schema(kind, text string) map[string]any {
	return map[string]any{"schemaType": kind, "schema": text}
}

func start(t *testing.T, path string) *Registry {
	t.Helper()
	r, err := Start("127.0.0.1:0", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() }) // a test may have closed it
	return r
}

// What is compatible, from a first schema to a second one, as readers and as writers.
func TestCompatible(t *testing.T) {
	record := func(fields string) string { return `{"type":"record","name":"R","fields":[` + fields + `]}` }
	message := func(fields string) string { return `syntax = "proto3"; message M { ` + fields + ` }` }
	object := func(rest string) string { return `{"type":"object",` + rest + `}` }
	for _, c := range []struct {
		kind, from, to    string
		backward, forward bool
	}{
		{"AVRO", `"int"`, `"long"`, true, false},
		{"AVRO", `"string"`, `"int"`, false, false},
		{"AVRO", record(`{"name":"a","type":"int"}`), record(`{"name":"a","type":"int"},{"name":"b","type":"int"}`), false, true},
		{"AVRO", record(`{"name":"a","type":"int"}`), record(`{"name":"a","type":"int"},{"name":"b","type":"int","default":1}`), true, true},
		{"AVRO", record(`{"name":"a","type":"int"},{"name":"b","type":"int"}`), record(`{"name":"a","type":"int"}`), true, false},
		{"AVRO", `["null","string"]`, `"string"`, false, true},
		{"AVRO", `["null","string"]`, `["null","string","int"]`, true, false},
		{"AVRO", `{"type":"enum","name":"E","symbols":["A","B"]}`, `{"type":"enum","name":"E","symbols":["A"]}`, false, true},
		{"AVRO", `{"type":"enum","name":"E","symbols":["A","B"]}`, `{"type":"enum","name":"E","symbols":["A"],"default":"A"}`, true, true},
		{"PROTOBUF", message(`int32 a = 1;`), message(`int32 a = 1; string b = 2;`), true, true},
		{"PROTOBUF", message(`int32 a = 1;`), message(`int64 a = 1;`), true, true},
		{"PROTOBUF", message(`int32 a = 1;`), message(`sint32 a = 1;`), false, false},
		{"PROTOBUF", message(`string a = 1;`), message(`bytes a = 1;`), true, true},
		{"PROTOBUF", message(`int32 a = 1;`), message(`repeated int32 a = 1;`), false, false},
		{"PROTOBUF", message(`int32 a = 1; int32 b = 2;`), message(`oneof o { int32 a = 1; int32 b = 2; }`), false, true},
		{"PROTOBUF", message(`oneof o { int32 a = 1; int32 b = 2; }`), message(`oneof o { int32 a = 1; }`), false, true},
		{"PROTOBUF", message(`map<string, int32> a = 1;`), message(`map<string, string> a = 1;`), false, false},
		{"PROTOBUF", message(`int32 a = 1;`) + ` message N {}`, message(`int32 a = 1;`), false, true},
		{"JSON", object(`"properties":{"a":{"type":"integer"}}`), object(`"properties":{"a":{"type":"number"}}`), true, false},
		{"JSON", object(`"properties":{"a":{"type":"integer"}}`), object(`"properties":{"a":{"type":"string"}}`), false, false},
		{"JSON", object(`"properties":{"a":{}}`), object(`"properties":{"a":{}},"required":["a"]`), false, true},
		{"JSON", object(`"properties":{"a":{}}`), object(`"properties":{"a":{},"b":{"type":"string"}}`), false, true},
		{"JSON", object(`"properties":{"a":{}},"additionalProperties":false`), object(`"properties":{"a":{},"b":{"type":"string"}},"additionalProperties":false`), true, false},
		{"JSON", object(`"properties":{"a":{}}`), object(`"properties":{"a":{}},"additionalProperties":false`), false, true},
		{"JSON", `{"enum":["a","b"]}`, `{"enum":["a"]}`, false, true},
		{"JSON", `{"type":"string","maxLength":5}`, `{"type":"string","maxLength":9}`, true, false},
		{"JSON", `{"type":"number","minimum":5}`, `{"type":"number","minimum":9}`, false, true},
		{"JSON", `{"type":"array","items":{"type":"integer"}}`, `{"type":"array","items":{"type":"string"}}`, false, false},
		{"JSON", object(`"properties":{"a":{"$ref":"#/definitions/t"}},"definitions":{"t":{"type":"integer"}}`), object(`"properties":{"a":{"$ref":"#/definitions/t"}},"definitions":{"t":{"type":"string"}}`), false, false},
		{"JSON", `{"title":"A","description":"x","type":"string"}`, `{"title":"B","type":"string"}`, true, true},
	} {
		for level, want := range map[string]bool{"BACKWARD": c.backward, "FORWARD": c.forward, "FULL": c.backward && c.forward, "NONE": true} {
			r := start(t, "")
			if status, answer := send(t, r, http.MethodPut, "/config", map[string]any{"compatibility": level}); status != http.StatusOK {
				t.Fatalf("%s: %d %s", level, status, answer)
			}
			for _, step := range []struct {
				path string
				body any
				want int
			}{
				{"/subjects/s/versions", schema(c.kind, c.from), http.StatusOK},
				{"/compatibility/subjects/s/versions/latest", schema(c.kind, c.to), http.StatusOK},
				{"/subjects/s/versions", schema(c.kind, c.to), map[bool]int{true: http.StatusOK, false: http.StatusConflict}[want]},
			} {
				status, answer := send(t, r, http.MethodPost, step.path, step.body)
				if status != step.want {
					t.Errorf("%s %s: from %s to %s: %d %s, want %d", c.kind, level, c.from, c.to, status, answer, step.want)
				}
				if strings.HasPrefix(step.path, "/compat") && strings.Contains(answer, `"is_compatible":true`) != want {
					t.Errorf("%s %s: from %s to %s: %s", c.kind, level, c.from, c.to, answer)
				}
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// A registry with a file is as it was when it starts again, after a kill too; ids of others
// are taken in the mode IMPORT alone.
func TestRegistryIsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "schemas")
	r := start(t, path)
	want := func(status int, method, url string, body any) string {
		t.Helper()
		got, answer := send(t, r, method, url, body)
		if got != status {
			t.Fatalf("%s %s: %d %s, want %d", method, url, got, answer, status)
		}
		return answer
	}
	want(200, "POST", "/subjects/a/versions", schema("AVRO", `"int"`))
	want(200, "POST", "/subjects/a/versions", schema("AVRO", `"long"`))
	want(200, "POST", "/subjects/a/versions", schema("AVRO", `"int"`)) // it is there
	want(409, "POST", "/subjects/a/versions", schema("AVRO", `"string"`))
	want(422, "POST", "/subjects/b/versions", schema("AVRO", `"nosuch"`))
	foreign := schema("AVRO", `"bytes"`)
	foreign["id"] = 700
	want(422, "POST", "/subjects/b/versions", foreign)
	want(200, "PUT", "/mode/b", map[string]any{"mode": "IMPORT"})
	want(200, "POST", "/subjects/b/versions", foreign)
	want(200, "PUT", "/mode/b%2Fc", map[string]any{"mode": "IMPORT"})
	want(200, "POST", "/subjects/b%2Fc/versions", foreign) // two subjects have one schema
	want(200, "POST", "/subjects/b%2Fc/versions", foreign)
	other := schema("AVRO", `"double"`)
	other["id"] = 700
	want(422, "POST", "/subjects/b%2Fc/versions", other)
	want(200, "PUT", "/mode/a", map[string]any{"mode": "READONLY"})
	want(200, "PUT", "/config/a", map[string]any{"compatibility": "FULL"})
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprint(f, `{"method":"POST","url":"/sub`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}

	for range 2 {
		r = start(t, path)
		if got := want(200, "GET", "/subjects/a/versions", nil); strings.TrimSpace(got) != "[1,2]" {
			t.Errorf("versions %s", got)
		}
		if got := want(200, "GET", "/schemas/ids/700", nil); !strings.Contains(got, "bytes") {
			t.Errorf("id 700 is %s", got)
		}
		if got := want(200, "GET", "/subjects/b%2Fc/versions/1", nil); !strings.Contains(got, `"id":700`) {
			t.Errorf("the other subject with id 700 has %s", got)
		}
		if got := want(200, "GET", "/config/a", nil); !strings.Contains(got, "FULL") {
			t.Errorf("the level is %s", got)
		}
		want(422, "POST", "/subjects/a/versions", schema("AVRO", `"double"`))
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

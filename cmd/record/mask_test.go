package record

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/cmd/expr"
	"kstream/kafka"
)

func TestMask(t *testing.T) {
	masking := &expr.Record{
		Key:     expr.Field{Data: []byte("k1")},
		Value:   expr.Field{Data: []byte(`{"name":"Ann","age":7,"vip":true,"tags":["a",{"b":1.5}],"none":null}`)},
		Headers: []expr.Header{{Key: "user", Value: []byte("ann")}, {Key: "user"}, {Key: "x", Value: []byte("y")}},
	}
	tests := map[string]struct {
		paths               []string
		key, value, wantErr string
		wantUser            string
	}{
		"nothing there":  {paths: []string{".value.email"}},
		"one":            {paths: []string{".value.name"}, value: `{"age":7,"name":"***","none":null,"tags":["a",{"b":1.5}],"vip":true}`},
		"several":        {paths: []string{".value.age, .value.vip", ".value.none"}, value: `{"age":0,"name":"Ann","none":null,"tags":["a",{"b":1.5}],"vip":false}`},
		"in depth":       {paths: []string{".value.tags"}, value: `{"age":7,"name":"Ann","none":null,"tags":["***",{"b":0}],"vip":true}`},
		"all":            {paths: []string{".value[]"}, value: `{"age":0,"name":"***","none":null,"tags":["***",{"b":0}],"vip":false}`},
		"key":            {paths: []string{".key"}, key: `"***"`},
		"header":         {paths: []string{".header.user"}, wantUser: "***"},
		"with a comment": {paths: []string{".key # who"}, key: `"***"`},
		"another part":   {paths: []string{".topic"}, wantErr: "--mask: want a path within .key, .value or .header"},
		"no path":        {paths: []string{".value | keys | length"}, wantErr: "any"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			m, err := NewMask(test.paths)
			if err != nil {
				t.Fatal(err)
			}
			got, err := m.apply(t.Context(), masking)
			if test.wantErr != "" {
				if err == nil || test.wantErr != "any" && err.Error() != test.wantErr {
					t.Fatalf("error %v, want %s", err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(got.key) != test.key || string(got.value) != test.value {
				t.Errorf("key %s, want %s; value %s, want %s", got.key, test.key, got.value, test.value)
			}
			headers := []kafka.Header{{Key: "user", Value: []byte("ann")}, {Key: "user"}, {Key: "x", Value: []byte("y")}}
			got.hideHeaders(headers)
			if test.wantUser == "" {
				test.wantUser = "ann"
			}
			want := []kafka.Header{{Key: "user", Value: []byte(test.wantUser)}, {Key: "user"}, {Key: "x", Value: []byte("y")}}
			if d := cmp.Diff(want, headers); d != "" {
				t.Errorf("headers (-want +got):\n%s", d)
			}
		})
	}
	if _, err := NewMask([]string{".value["}); err == nil {
		t.Error("an expression that does not end is taken")
	}
}

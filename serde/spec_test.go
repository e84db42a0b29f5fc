package serde_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kstream/serde"
)

// opened records what a constructor was given.
type opened struct {
	Name, Argument, Protocol string
}

func TestOpenFrom(t *testing.T) {
	var got *opened
	record := func(s serde.Spec, _ serde.Options) (serde.Serde, error) {
		protocol, _ := s.Param("protocol")
		got = &opened{s.Name, s.Argument, protocol}
		return nil, nil
	}
	list := []serde.Factory{
		{Name: "json", New: record},
		{Name: "pickle", Params: []serde.Param{{Name: "protocol", Values: "0…5"}}, New: record},
		{Name: "avro", Argument: "FILE", New: record},
		{Name: "protobuf", Argument: "FILE#MESSAGE", Params: []serde.Param{{Name: "protocol"}}, New: record},
		{Name: "pack", Argument: "FIELDS", NeedsArgument: true, New: record},
		{Name: "exec", Argument: "COMMAND", NeedsArgument: true, RawArgument: true, New: record},
	}
	tests := map[string]struct {
		spec        string
		want        opened
		wantErr     string
		wantUnknown string
	}{
		"name":              {spec: "json", want: opened{Name: "json"}},
		"parameter":         {spec: "pickle?protocol=2", want: opened{Name: "pickle", Protocol: "2"}},
		"last one holds":    {spec: "pickle?protocol=2&protocol=3", want: opened{Name: "pickle", Protocol: "3"}},
		"argument":          {spec: "avro:order.avsc", want: opened{Name: "avro", Argument: "order.avsc"}},
		"drive letter":      {spec: `avro:C:\a.avsc`, want: opened{Name: "avro", Argument: `C:\a.avsc`}},
		"no schema":         {spec: "protobuf:?", want: opened{Name: "protobuf", Argument: "?"}},
		"both":              {spec: "protobuf:a.proto#b.C?protocol=1", want: opened{Name: "protobuf", Argument: "a.proto#b.C", Protocol: "1"}},
		"pack":              {spec: "pack:>iq", want: opened{Name: "pack", Argument: ">iq"}},
		"command":           {spec: "exec:./f -a?b=1&c:d", want: opened{Name: "exec", Argument: "./f -a?b=1&c:d"}},
		"unknown":           {spec: "avor", wantErr: `serde "avor": no such serde; there are: json, pickle, avro, protobuf, pack, exec`, wantUnknown: "avor"},
		"unlike any":        {spec: "x", wantErr: `serde "x": no such serde; there are: json, pickle, avro, protobuf, pack, exec`, wantUnknown: "x"},
		"no such parameter": {spec: "pickle?proto=2", wantErr: `serde "pickle?proto=2": pickle has no parameter "proto"; it has: protocol`},
		"no parameters":     {spec: "json?a=1", wantErr: `serde "json?a=1": json has no parameter "a"`},
		"no argument":       {spec: "json:x", wantErr: `serde "json:x": json takes nothing after a colon`},
		"argument missing":  {spec: "pack", wantErr: `serde "pack": want pack:FIELDS`},
		"empty command":     {spec: "exec:", wantErr: `serde "exec:": want exec:COMMAND`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got = &opened{}
			_, err := serde.OpenFrom(list, tt.spec, serde.Options{})
			var wrong *serde.SpecError
			gotErr, unknown := "", ""
			if errors.As(err, &wrong) {
				gotErr, unknown = err.Error(), wrong.Unknown
			}
			if diff := cmp.Diff([]string{tt.wantErr, tt.wantUnknown}, []string{gotErr, unknown}); diff != "" {
				t.Errorf("error (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestPackSpec(t *testing.T) {
	for argument, want := range map[string]string{
		"z":  `serde "pack:z": character 1: 'z' is none of < > b B h H i I q Q c s $`,
		"sb": `serde "pack:sb": character 2: nothing can follow 's'`,
		"$b": `serde "pack:$b": character 2: nothing can follow '$'`,
		"ié": `serde "pack:ié": character 2: 'é' is none of < > b B h H i I q Q c s $`,
	} {
		_, err := named("pack", argument, serde.NewPack)(serde.Options{})
		if err == nil || err.Error() != want {
			t.Errorf("%s: error %q, want %q", argument, err, want)
		}
	}
}

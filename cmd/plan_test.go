package cmd

import (
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"kstream/cmd/cli"
	"kstream/cmd/consume"
	"kstream/cmd/pipe"
	"kstream/cmd/replay"
)

// A plan is data: it holds nothing that runs, is open, or comes from outside.
func TestPlansAreData(t *testing.T) {
	env := &cli.Env{Getenv: func(string) string { return "" }, Now: cli.NewEnv().Now}
	chosen := "--since 2026-01-01 --sample 1/2 --grep x --filter .value.a --map .value -s json -b localhost:9092 "
	plans := map[string]func(*pflag.FlagSet) func() (any, error){
		"consume " + chosen + "--group g --members 3 --exec cat --on-error dlq:odd": func(flags *pflag.FlagSet) func() (any, error) {
			var f consume.Options
			registerConsume(&f, flags)
			return func() (any, error) { return f.Plan(env, []string{"a"}) }
		},
		"pipe " + chosen + "--group g --exactly-once --route .key --to-value-serde json": func(flags *pflag.FlagSet) func() (any, error) {
			var f pipe.Options
			registerPipe(&f, flags)
			return func() (any, error) { return f.Plan(env, "a", "b") }
		},
		"replay " + chosen + "--exactly-once --rate 5/s --mask .value.b --set-header a=b --verify": func(flags *pflag.FlagSet) func() (any, error) {
			var f replay.Options
			registerReplay(&f, flags)
			return func() (any, error) { return f.Plan(env, []string{"a", "b"}) }
		},
	}
	for line, register := range plans {
		t.Run(strings.Fields(line)[0], func(t *testing.T) {
			flags := pflag.NewFlagSet(line, pflag.ContinueOnError)
			plan := register(flags)
			if err := flags.Parse(strings.Fields(line)[1:]); err != nil {
				t.Fatal(err)
			}
			p, err := plan()
			if err != nil {
				t.Fatal(err)
			}
			for _, place := range running(reflect.ValueOf(p), "plan", map[uintptr]bool{}) {
				t.Error(place)
			}
		})
	}
}

// running lists the fields below v that hold functions, channels or what is read and written.
// What other packages than those of commands have made is taken as it is.
func running(v reflect.Value, place string, seen map[uintptr]bool) (found []string) {
	switch v.Kind() {
	case reflect.Func, reflect.Chan:
		if !v.IsNil() {
			found = append(found, place)
		}
	case reflect.Pointer:
		if v.IsNil() || seen[v.Pointer()] {
			return nil
		}
		seen[v.Pointer()] = true
		return running(v.Elem(), place, seen)
	case reflect.Interface:
		if v.IsNil() {
			return nil
		}
		if of := v.Elem().Type(); of.Implements(reflect.TypeFor[io.Reader]()) || of.Implements(reflect.TypeFor[io.Writer]()) || of.Implements(reflect.TypeFor[io.Closer]()) {
			return []string{place + " " + of.String()}
		}
		return running(v.Elem(), place, seen)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			found = append(found, running(v.Index(i), place+"[]", seen)...)
		}
	case reflect.Struct:
		of := v.Type().PkgPath()
		if !strings.HasPrefix(of, "kstream/cmd/") || of == "kstream/cmd/expr" || of == "kstream/cmd/connect" {
			return nil
		}
		for i := range v.NumField() {
			found = append(found, running(v.Field(i), place+"."+v.Type().Field(i).Name, seen)...)
		}
	}
	return found
}

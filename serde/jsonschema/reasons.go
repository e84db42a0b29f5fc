package jsonschema

import (
	"cmp"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// How many reasons are told, and how long each may be.
const (
	maxReasons = 4
	maxReason  = 120
	maxLeaves  = 1000 // are looked at
)

// leaves lists what is wrong at the ends of the tree of errors: where in the value, and
// why, in the order of the places. It is under 600 bytes, and shows no text of the
// value but the names of its keys.
func leaves(err *jsonschema.ValidationError) string {
	var list []*jsonschema.ValidationError
	var walk func(e *jsonschema.ValidationError)
	walk = func(e *jsonschema.ValidationError) {
		if len(e.Causes) == 0 && len(list) < maxLeaves {
			list = append(list, e)
		}
		for _, cause := range e.Causes {
			walk(cause)
		}
	}
	walk(err)
	slices.SortStableFunc(list, func(x, y *jsonschema.ValidationError) int { // the validator has no order
		return slices.CompareFunc(x.InstanceLocation, y.InstanceLocation, compareSteps)
	})
	var texts []string
	for _, e := range list {
		texts = append(texts, shortened(pointer(e.InstanceLocation)+": "+reason(e.ErrorKind)))
	}
	texts = slices.Compact(texts)
	more := len(texts) - maxReasons
	text := strings.Join(texts[:min(len(texts), maxReasons)], "; ")
	if more > 0 {
		text += "; and " + strconv.Itoa(more) + " more"
	}
	return text
}

// compareSteps puts keys in order, and indexes by their number.
func compareSteps(x, y string) int {
	if isNumber(x) && isNumber(y) {
		if c := cmp.Compare(len(x), len(y)); c != 0 {
			return c
		}
	}
	return cmp.Compare(x, y)
}

func isNumber(s string) bool { return strings.Trim(s, "0123456789") == "" }

// pointer returns a JSON pointer (RFC 6901), "/" for the whole.
func pointer(path []string) string {
	if len(path) == 0 {
		return "/"
	}
	var b strings.Builder
	for _, step := range path {
		b.WriteByte('/')
		b.WriteString(strings.ReplaceAll(strings.ReplaceAll(step, "~", "~0"), "/", "~1"))
	}
	return b.String()
}

func reason(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Pattern:
		return fmt.Sprintf("does not match pattern %q", k.Want)
	case *kind.Format:
		return "is no valid " + k.Want
	case *kind.Minimum:
		return fmt.Sprintf("is %s, want at least %s", decimal(k.Got), decimal(k.Want))
	case *kind.Maximum:
		return fmt.Sprintf("is %s, want at most %s", decimal(k.Got), decimal(k.Want))
	case *kind.ExclusiveMinimum:
		return fmt.Sprintf("is %s, want more than %s", decimal(k.Got), decimal(k.Want))
	case *kind.ExclusiveMaximum:
		return fmt.Sprintf("is %s, want less than %s", decimal(k.Got), decimal(k.Want))
	case *kind.MultipleOf:
		return fmt.Sprintf("is %s, want a multiple of %s", decimal(k.Got), decimal(k.Want))
	case *kind.RefCycle:
		return "the schema refers to itself"
	case *kind.ContentEncoding:
		return "is not encoded as " + k.Want
	case *kind.ContentMediaType:
		return "is not of media type " + k.Want
	}
	return k.LocalizedString(message.NewPrinter(language.English))
}

// decimal writes all digits of a number of JSON, as the validator's own text would not.
func decimal(r *big.Rat) string {
	digits, _ := r.FloatPrec()
	return r.FloatString(digits)
}

// shortened keeps both ends of a text that would fill a line, and keeps it on one.
func shortened(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	if len(text) <= maxReason {
		return text
	}
	const ends = maxReason/2 - 2
	return strings.ToValidUTF8(text[:ends], "") + "…" + strings.ToValidUTF8(text[len(text)-ends:], "")
}

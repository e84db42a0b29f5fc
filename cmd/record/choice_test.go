package record

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTopicChoice(t *testing.T) {
	names := strings.Fields("orders orders-1 orders-2 orders-10 Orders o.ders o-ders refunds")
	tests := map[string]struct {
		arg     string
		regex   bool
		want    string // the names that match
		wantErr string
	}{
		"a name":               {arg: "orders", want: "no pattern"},
		"a dot is a dot":       {arg: "o.*", want: "o.ders"},
		"star":                 {arg: "orders*", want: "orders orders-1 orders-2 orders-10"},
		"question mark":        {arg: "orders-?", want: "orders-1 orders-2"},
		"class":                {arg: "orders-[1-9]", want: "orders-1 orders-2"},
		"not in a class":       {arg: "orders-[!1]", want: "orders-2"},
		"regular expression":   {arg: "orders-(1|10)", regex: true, want: "orders-1 orders-10"},
		"of the whole name":    {arg: "rder", regex: true, want: ""},
		"alternatives at top":  {arg: "refunds|Orders", regex: true, want: "Orders refunds"},
		"open class":           {arg: "a[b", wantErr: "topic pattern a[b: error parsing regexp: missing closing ]: `[b`"},
		"empty class":          {arg: "a[]", wantErr: "topic pattern a[]: error parsing regexp: missing closing ]: `[]`"},
		"no name":              {arg: "", wantErr: "a topic name is empty"},
		"bad expression":       {arg: "(", regex: true, wantErr: "topic pattern (: error parsing regexp: missing closing ): `(`"},
		"parentheses in globs": {arg: "(*", want: ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f := ChoiceOptions{Regex: tt.regex}
			c, err := f.Plan([]string{tt.arg, tt.arg})
			if err != nil || tt.wantErr != "" {
				if err == nil || err.Error() != tt.wantErr {
					t.Fatalf("error %v, want %s", err, tt.wantErr)
				}
				return
			}
			if len(c.Wanted) != 1 {
				t.Fatalf("%d topics are wanted, for the same one twice", len(c.Wanted))
			}
			got := []string{"no pattern"}
			if p := c.Wanted[0].pattern; p != nil {
				got = nil
				for _, n := range names {
					if p.MatchString(n) {
						got = append(got, n)
					}
				}
			}
			if d := cmp.Diff(tt.want, strings.Join(got, " ")); d != "" {
				t.Errorf("matches (-want +got):\n%s", d)
			}
		})
	}
}

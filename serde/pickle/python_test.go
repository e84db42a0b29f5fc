package pickle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"kstream/serde"
	"kstream/serde/value"
)

// python returns the interpreter; the tests that need it are skipped without one.
func python(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: what Python makes of our pickles is not tested")
	}
	return path
}

// pair is a line that testdata/check.py reads.
type pair struct {
	Name     string `json:"name"`
	Want     []byte `json:"want"`
	Have     []byte `json:"have"`
	Load     bool   `json:"load"`
	Same     bool   `json:"same"` // to the recorder too, not only once loaded
	Protocol int    `json:"protocol"`
}

// checkPairs lets Python compare all pairs, in one process.
func checkPairs(t *testing.T, pairs []pair) {
	t.Helper()
	var in bytes.Buffer
	lines := json.NewEncoder(&in)
	for _, p := range pairs {
		if err := lines.Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	check := exec.CommandContext(t.Context(), python(t), "-W", "ignore", "-B", "check.py")
	check.Dir = "testdata"
	check.Stdin = &in
	var complaints strings.Builder
	check.Stderr = &complaints
	out, err := check.Output()
	if err != nil {
		t.Fatalf("check.py: %v\n%s", err, complaints.String())
	}
	lastLine := fmt.Sprintf("checked %d\n", len(pairs))
	rest, complete := strings.CutSuffix(string(out), lastLine)
	if !complete {
		t.Errorf("check.py did not end with %q", lastLine)
	}
	if rest != "" {
		t.Errorf("%s", rest)
	}
}

// unwritable says why a sample cannot be written at a protocol, "" if it can.
func unwritable(c sample, protocol int) string {
	switch {
	case strings.HasPrefix(c.Name, "extension") && protocol < 2:
		return "has no extension codes"
	case (c.Name == "buffers" || c.Name == "readonly bytes buffer") && protocol < 5:
		return "has no out-of-band buffers"
	case strings.HasPrefix(c.Name, "persistent") && protocol == 0 && c.Name != "persistent id":
		return "one line of ASCII"
	case c.Name == "int of 131073 bits" && protocol < 2:
		return "too long for protocol"
	case c.Name == "names stay at protocol 3" && protocol < 3:
		return "Python 2 meant something else"
	}
	return ""
}

func TestPythonReadsWhatWeWrite(t *testing.T) {
	var pairs []pair
	seen := make(map[string]bool) // most samples become the same bytes from all protocols
	for protocol := range 6 {
		s := newSerde(t, Options{Protocol: protocol, AllowObjects: true, Lossless: true})
		for _, c := range corpus(t) {
			name := fmt.Sprintf("%s/%d→%d", c.Name, c.Proto, protocol)
			r, err := s.Decode(t.Context(), serde.Input{Data: c.Pickle})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			fromGraph, err := s.Append(nil, r.Value)
			fromJSON, err2 := s.EncodeJSON(t.Context(), nil, "t", serde.Value, []byte(c.Lossless))
			if reason := unwritable(c, protocol); reason != "" {
				if err == nil || !strings.Contains(err.Error(), reason) {
					t.Errorf("%s: error %v, want %q", name, err, reason)
				}
				continue
			}
			if err != nil || err2 != nil {
				t.Errorf("%s: %v, %v", name, err, err2)
				continue
			}
			// Names change with the protocol, nested ones and those of calls below 2.
			same := protocol == c.Proto || protocol >= 4 && c.Proto >= 4
			for from, have := range map[string][]byte{"graph": fromGraph, "JSON": fromJSON.Data} {
				if key := fmt.Sprint(c.Name, protocol, same, string(have)); !seen[key] {
					seen[key] = true
					pairs = append(pairs, pair{name + " " + from, c.Pickle, have, c.Load, same, protocol})
				}
			}
			if got := jsonOf(t, decodeBytes(t, s, fromGraph), value.Lossless); same && got != c.Lossless {
				t.Errorf("%s: comes back as %s", name, got)
			}
		}
	}
	checkPairs(t, pairs)
}

func decodeBytes(t testing.TB, s *Serde, data []byte) value.V {
	t.Helper()
	r, err := s.Decode(t.Context(), serde.Input{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	return r.Value
}

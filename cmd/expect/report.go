package expect

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/output"
)

// report is where an outcome is written, and how.
type report struct {
	format string // junit or json
	file   string // "-" is stdout
}

func planReports(texts []string) ([]report, error) {
	var reports []report
	for _, text := range texts {
		format, file, _ := strings.Cut(text, ":")
		if format != "junit" && format != "json" || file == "" {
			return nil, cli.Usagef("--report %s: want junit:FILE or json:FILE", text)
		}
		reports = append(reports, report{format, file})
	}
	return reports, nil
}

// reportFiles are reports that are open and empty.
type reportFiles struct {
	reports []report
	files   []*os.File // nil for stdout
}

// createReports empties the files, so that one that cannot be written is known before
// the wait.
func createReports(reports []report) (*reportFiles, error) {
	f := &reportFiles{reports: reports}
	for _, r := range reports {
		var file *os.File
		if r.file != "-" {
			var err error
			if file, err = os.Create(r.file); err != nil {
				f.close() //nolint:errcheck // nothing was written
				return nil, err
			}
		}
		f.files = append(f.files, file)
	}
	return f, nil
}

func (f *reportFiles) close() error {
	var errs []error
	for _, file := range f.files {
		if file != nil {
			errs = append(errs, file.Close())
		}
	}
	return errors.Join(errs...)
}

// write writes the outcome to every report and closes them.
func (f *reportFiles) write(env *cli.Env, o Summary) error {
	var errs []error
	for i, r := range f.reports {
		render := o.json
		if r.format == "junit" {
			render = o.junit
		}
		text, err := render()
		if err == nil {
			to := env.Stdout
			if f.files[i] != nil {
				to = f.files[i]
			} else if env.StdoutTerminal {
				text = append(output.AppendEscapedJSON(nil, bytes.TrimSpace(text)), '\n')
			}
			_, err = to.Write(text)
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, f.close())...)
}

// Summary is what came and what was expected: the document of --report json.
type Summary struct {
	Schema     string         `json:"schema"`
	Topic      string         `json:"topic"`
	Bound      string         `json:"bound"` // at least, exactly, at most
	Count      int64          `json:"count"` // that was wanted
	Conditions []string       `json:"conditions"`
	Matched    int64          `json:"matched"`
	Seen       int64          `json:"seen"`              // records that came, matching or not
	Skipped    int64          `json:"skipped,omitempty"` // of them, by --on-error skip
	Met        bool           `json:"met"`
	Error      *outcomeError  `json:"error"` // null when it is met
	Started    time.Time      `json:"started"`
	Seconds    float64        `json:"seconds"`
	Command    []string       `json:"command"` // null without one
	Misses     []reportedMiss `json:"misses"`  // the nearest first
}

// outcomeError is why the expectation is not met, or could not be looked into.
type outcomeError struct {
	Code    string `json:"code"` // those of errors, and command
	Message string `json:"message"`
}

// reportedMiss is a record that came and did not match.
type reportedMiss struct {
	Missed []string        `json:"missed"` // the conditions that it does not meet
	Record json.RawMessage `json:"record"`
}

// summary gathers what there is to tell. err is how the command ends.
func (e *expectation) summary(err error) Summary {
	o := Summary{
		Schema: "kstream.expect/v1", Topic: e.topic, Bound: string(e.bound), Count: e.count,
		Conditions: append([]string{}, e.conditions...), Matched: e.matched, Seen: e.seen, Skipped: e.run.Skipped(), Met: err == nil,
		Started: e.began.UTC(), Seconds: e.env.Now().Sub(e.began).Seconds(), Misses: []reportedMiss{},
	}
	if e.command != nil {
		o.Command = e.command.words
	}
	if err != nil {
		o.Error = &outcomeError{string(cli.CodeOf(err)), cli.OneLine(err.Error())}
		var failed *commandFailure
		if errors.As(err, &failed) {
			o.Error.Code = "command"
		}
	}
	for _, m := range e.misses.kept {
		o.Misses = append(o.Misses, reportedMiss{m.missed, bytes.TrimSpace(m.line)})
	}
	return o
}

func (o Summary) json() ([]byte, error) {
	text, err := output.MarshalLine(o)
	return append(text, '\n'), err
}

// The elements of a JUnit report that its readers agree on.
type (
	junitSuites struct {
		XMLName  xml.Name   `xml:"testsuites"`
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Time     string     `xml:"time,attr"` // in seconds
		Suite    junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string    `xml:"name,attr"`
		Tests     int       `xml:"tests,attr"`
		Failures  int       `xml:"failures,attr"`
		Errors    int       `xml:"errors,attr"`
		Skipped   int       `xml:"skipped,attr"`
		Time      string    `xml:"time,attr"`
		Timestamp string    `xml:"timestamp,attr"`
		Case      junitCase `xml:"testcase"`
	}
	junitCase struct {
		Class   string        `xml:"classname,attr"`
		Name    string        `xml:"name,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr"`
		Text    string `xml:",chardata"`
	}
)

// junit is a test suite with one test case. An expectation that is not met and a command
// that fails are failures; what kept us from looking is an error.
func (o Summary) junit() ([]byte, error) {
	seconds := strconv.FormatFloat(o.Seconds, 'f', 3, 64)
	name := o.Topic + ": " + o.Bound + " " + cli.Count(o.Count, "record")
	if len(o.Conditions) > 0 {
		name += " " + strings.Join(o.Conditions, " ")
	}
	s := junitSuite{
		Name: "kstream expect", Tests: 1, Time: seconds, Timestamp: o.Started.Format("2006-01-02T15:04:05"),
		Case: junitCase{Class: "kstream.expect", Name: name, Time: seconds},
	}
	if o.Error != nil {
		problem := &junitProblem{o.Error.Message, o.Error.Code, o.Error.Message + "\n"}
		for _, m := range o.Misses {
			problem.Text += "did not match " + strings.Join(m.Missed, ", ") + ":\n" + string(m.Record) + "\n"
		}
		if o.Error.Code == string(cli.CodeUnmet) || o.Error.Code == "command" {
			s.Failures, s.Case.Failure = 1, problem
		} else {
			s.Errors, s.Case.Error = 1, problem
		}
	}
	text, err := xml.MarshalIndent(junitSuites{
		Tests: 1, Failures: s.Failures, Errors: s.Errors, Time: seconds, Suite: s,
	}, "", "  ")
	return append(append([]byte(xml.Header), text...), '\n'), err
}

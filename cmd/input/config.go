package input

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"kstream/output/format"
)

// DefaultMaxRecord is the largest frame that is read unless Config says otherwise.
const DefaultMaxRecord = 64 << 20

// Config is what to read and how. The zero value reads lines from nowhere:
// Stdin is needed unless Files are given.
type Config struct {
	// Format is line (also when empty), json, values, csv, file, or a format
	// string, which holds % or \.
	Format string
	// Files are read in order; "-" is Stdin, and so is an empty list.
	Files []string
	Stdin io.Reader
	// StdinName is what errors call Stdin; empty is "stdin".
	StdinName string
	// Delimiter ends a line; nil is "\n". Nothing but the delimiter is taken off:
	// of "a\r\n" the "\r" stays.
	Delimiter []byte
	// KeySeparator splits a line into key and value at its first occurrence; nil
	// for lines that are values.
	KeySeparator []byte
	// NullKey and NullValue are the texts that stand for null; nil for none. They
	// are compared as they are, not as escapes: \N is a usual one.
	NullKey, NullValue *string
	// Tombstones makes each line a key with a null value.
	Tombstones bool
	// SkipEmpty leaves empty lines out; else they are empty values.
	SkipEmpty bool
	// MaxRecord bounds a frame in bytes, its delimiter not counted; 0 means
	// DefaultMaxRecord.
	MaxRecord int
}

// Check returns an error, in the words of the flags, when settings contradict each other.
func (c *Config) Check() error {
	line := c.Format == "" || c.Format == "line"
	switch {
	case !line && c.Format != "json" && c.Format != "values" && c.Format != "csv" && c.Format != "file" &&
		!strings.ContainsAny(c.Format, `%\`):
		return fmt.Errorf(`--input %q: want line, json, values, csv, file, or a format string such as '%%k\t%%v\n'`, c.Format)
	case c.MaxRecord < 0:
		return fmt.Errorf("a record cannot be longer than %d bytes", c.MaxRecord)
	case c.Delimiter != nil && len(c.Delimiter) == 0:
		return errors.New("--delimiter is empty")
	case c.KeySeparator != nil && len(c.KeySeparator) == 0:
		return errors.New("--key-separator is empty")
	case !line && c.Delimiter != nil:
		return fmt.Errorf("--delimiter is for --input line, not %s", c.Format)
	case !line && c.KeySeparator != nil:
		return fmt.Errorf("--key-separator is for --input line, not %s", c.Format)
	case !line && c.Tombstones:
		return fmt.Errorf("--tombstones is for --input line, not %s", c.Format)
	case !line && c.SkipEmpty:
		return fmt.Errorf("--skip-empty is for --input line, not %s", c.Format)
	case c.Tombstones && c.KeySeparator != nil:
		return errors.New("--tombstones and --key-separator: a line is a key alone, or a key and a value")
	case c.Tombstones && c.NullValue != nil:
		return errors.New("--tombstones and --null-value: the value is null already")
	case line && c.NullKey != nil && c.KeySeparator == nil && !c.Tombstones:
		return errors.New("--null-key needs keys: --key-separator or --tombstones")
	case c.NullKey != nil && (c.Format == "json" || c.Format == "values" || c.Format == "csv" || c.Format == "file"):
		return fmt.Errorf("--null-key is for lines and format strings, not --input %s", c.Format)
	case c.NullValue != nil && (c.Format == "json" || c.Format == "csv" || c.Format == "file"):
		return fmt.Errorf("--null-value is not for --input %s", c.Format)
	}
	if strings.ContainsAny(c.Format, `%\`) {
		_, err := format.NewReader(c.Format, nil, format.ReaderOptions{})
		return err
	}
	return nil
}

// ReadCloser is a Reader that holds files and a goroutine.
type ReadCloser interface {
	Reader
	// Preamble is what a file of rejected frames must begin with to be read again:
	// the header row of the CSV file that is being read, else nil.
	Preamble() []byte
	// Close ends the reading. It does not close Stdin.
	Close()
}

// Open checks the configuration and the files and begins to read. An error of a
// file that is missing wraps fs.ErrNotExist; nothing has been read then.
//
// When ctx ends, no further read begins.
func Open(ctx context.Context, c Config) (ReadCloser, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	files, err := checkFiles(c.Files, c.Stdin, cmp.Or(c.StdinName, "stdin"))
	if err != nil {
		return nil, err
	}
	if c.MaxRecord == 0 {
		c.MaxRecord = DefaultMaxRecord
	}
	var f framing
	switch c.Format {
	case "", "line":
		f = newLines(&c)
	case "json":
		f = newRecordLines()
	case "values":
		f = newValues(&c)
	case "csv":
		f = newRows()
	case "file":
		f = &wholeFiles{}
	default:
		if !oneLineEach(c.Format) {
			return newStream(ctx, files, &c), nil
		}
		f = newFormatLines(&c)
	}
	return newReader(ctx, files, f, c.MaxRecord), nil
}

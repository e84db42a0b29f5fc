package generate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"text/template"
	"time"

	"github.com/brianvoe/gofakeit/v7"

	"kstream/cmd/input"
)

// MaxRecord bounds a generated key or value in bytes.
const MaxRecord = 64 << 20

// Config is what to make.
type Config struct {
	// Value is the template of the value, or @FILE that holds it; one line break at
	// the end of the file is left out.
	Value string
	// Key is the template of the key in the same way; empty for null keys.
	Key string
	// Count is how many records to make; 0 for no end.
	Count int64
	// Seed makes the records repeatable; 0 chooses one at random.
	Seed uint64
	// Now is the clock behind now, timestamp and date.
	Now func() time.Time
}

// Generator makes records. It is an input.Reader, for one goroutine at a time.
type Generator struct {
	ctx        context.Context    // of the command
	value, key *template.Template // key may be nil
	count      int64
	fake       *fake
	out        buffer
	ending     error
}

// record is the dot of a template.
type record struct {
	N   int64
	Key string
}

// New compiles the templates. Its errors name the template and the line in it.
// When ctx ends, so do the records, with its cause.
func New(ctx context.Context, c Config) (*Generator, error) {
	seed := c.Seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	rnd := rand.NewPCG(seed, seed)
	g := &Generator{
		ctx:   ctx,
		count: c.Count,
		fake:  &fake{rand: rand.New(rnd), faker: gofakeit.NewFaker(rnd, false), now: c.Now},
	}
	var err error
	if g.value, err = g.compile("template", c.Value); err != nil {
		return nil, err
	}
	if c.Key != "" {
		if g.key, err = g.compile("key template", c.Key); err != nil {
			return nil, err
		}
	}
	return g, nil
}

func (g *Generator) compile(name, text string) (*template.Template, error) {
	if path, ok := strings.CutPrefix(text, "@"); ok {
		data, err := os.ReadFile(path)
		if err != nil {
			var pe *os.PathError
			if errors.As(err, &pe) {
				err = pe.Err
			}
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		name, text = path, strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	}
	t, err := template.New(name).Option("missingkey=error").Funcs(g.fake.functions()).Parse(text)
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "template: "))
	}
	return t, nil
}

// ReadBatch implements input.Reader. A template that fails is the end; the error
// names the record and the line in the template.
func (g *Generator) ReadBatch(dst *input.Batch) error {
	dst.Reset()
	for g.ending == nil && !dst.Full() {
		if g.count > 0 && g.fake.n >= g.count {
			g.ending = io.EOF
			break
		}
		if g.ctx.Err() != nil {
			g.ending = fmt.Errorf("record %d: %w", g.fake.n+1, context.Cause(g.ctx))
			break
		}
		g.fake.n++
		key, value, err := g.make(dst)
		if err != nil {
			g.ending = fmt.Errorf("record %d: %w", g.fake.n, err)
			break
		}
		rec := dst.Add()
		rec.Key.Bytes, rec.Value.Bytes = key, value
		rec.Place = input.Place{Record: g.fake.n}
	}
	return g.ending
}

// make makes the parts of the next record and keeps them in the batch.
func (g *Generator) make(dst *input.Batch) (key, value []byte, err error) {
	dot := record{N: g.fake.n}
	if g.key != nil {
		if err := g.execute(g.key, &dot); err != nil {
			return nil, nil, err
		}
		dot.Key = string(g.out)
		key = dst.Copy(g.out)
	}
	if err := g.execute(g.value, &dot); err != nil {
		return nil, nil, err
	}
	return key, dst.Copy(g.out), nil
}

func (g *Generator) execute(t *template.Template, dot *record) error {
	if g.out == nil {
		g.out = make(buffer, 0, 512) // an empty value must not be null
	}
	g.out = g.out[:0]
	if err := t.Execute(&g.out, dot); err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "template: "))
	}
	return nil
}

// buffer is a part of a record in the making, of bounded size: a template can loop.
type buffer []byte

func (b *buffer) Write(p []byte) (int, error) {
	if len(*b)+len(p) > MaxRecord {
		return 0, fmt.Errorf("the record is longer than %d bytes", MaxRecord)
	}
	*b = append(*b, p...)
	return len(p), nil
}

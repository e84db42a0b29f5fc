package stream

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/axiomhq/hyperloglog"
	"github.com/go-json-experiment/json/jsontext"

	"kstream/cmd/expr"
)

// cell is one aggregate of one state. Its zero value is that of no records.
type cell struct {
	n     int64   // records of count, values of sum and avg
	i     int64   // the sum while it is an integer
	f     float64 // the sum once it is none
	float bool
	more  *more // nil where there is nothing else to keep
}

// more is what some functions keep.
type more struct {
	value  expr.Value // of min, max, first and last
	at     int64      // the offset that it comes from
	set    map[string]struct{}
	sketch *hyperloglog.Sketch
}

func (c *cell) own() *more {
	if c.more == nil {
		c.more = new(more)
	}
	return c.more
}

// check refuses one value too many.
func (a *Aggregate) check(c *cell, v *expr.Value) error {
	if a.kind != fnDistinct || c.more == nil || len(c.more.set) < MaxDistinct || v.Kind == expr.Null {
		return nil
	}
	if _, known := c.more.set[string(v.AppendJSON(nil))]; known {
		return nil
	}
	return fmt.Errorf("%s: more than %d distinct values of one key; approx_distinct has no limit", a.Name, MaxDistinct)
}

// add adds a value that comes from an offset.
func (a *Aggregate) add(c *cell, v *expr.Value, offset int64) {
	if a.kind == fnCount {
		c.n++
		return
	}
	if v.Kind == expr.Null {
		return
	}
	switch a.kind {
	case fnSum, fnAvg:
		c.n++
		if v.Kind == expr.Int {
			c.addInt(v.Int)
		} else {
			c.addFloat(v.Float)
		}
	case fnDistinct:
		m := c.own()
		if m.set == nil {
			m.set = map[string]struct{}{}
		}
		m.set[string(v.AppendJSON(nil))] = struct{}{}
	case fnApprox:
		m := c.own()
		if m.sketch == nil {
			m.sketch = hyperloglog.New()
		}
		m.sketch.Insert(v.AppendJSON(nil))
	default:
		a.choose(c, v, offset)
	}
}

// addInt keeps the sum an integer as long as it fits.
func (c *cell) addInt(n int64) {
	if c.float {
		c.f += float64(n)
		return
	}
	sum := c.i + n
	if (sum > c.i) == (n > 0) {
		c.i = sum
		return
	}
	c.addFloat(float64(n))
}

func (c *cell) addFloat(f float64) {
	if !c.float {
		c.float, c.f = true, float64(c.i)
	}
	c.f += f
}

// choose keeps one of two values.
func (a *Aggregate) choose(c *cell, v *expr.Value, offset int64) {
	if c.more != nil {
		old := &c.more.value
		keep := false
		switch a.kind {
		case fnMin:
			keep = compare(old, v) <= 0
		case fnMax:
			keep = compare(old, v) >= 0
		case fnFirst:
			keep = c.more.at <= offset
		case fnLast:
			keep = c.more.at > offset
		}
		if keep {
			return
		}
	}
	m := c.own()
	text := append(m.value.Text[:0], v.Text...)
	m.value, m.at = *v, offset
	m.value.Text = text
}

// compare orders numbers, and strings behind them.
func compare(a, b *expr.Value) int {
	switch {
	case a.Kind == expr.Int && b.Kind == expr.Int:
		return cmp.Compare(a.Int, b.Int)
	case a.Kind == expr.String && b.Kind == expr.String:
		return bytes.Compare(a.Text, b.Text)
	case a.Kind == expr.String:
		return 1
	case b.Kind == expr.String:
		return -1
	}
	return cmp.Compare(float(a), float(b))
}

func float(v *expr.Value) float64 {
	if v.Kind == expr.Int {
		return float64(v.Int)
	}
	return v.Float
}

// merge adds what is in other.
func (a *Aggregate) merge(c, other *cell) {
	switch a.kind {
	case fnCount:
		c.n += other.n
	case fnSum, fnAvg:
		c.n += other.n
		if other.float {
			c.addFloat(other.f)
		} else {
			c.addInt(other.i)
		}
	default:
		if other.more == nil {
			return
		}
		m := other.more
		switch a.kind {
		case fnDistinct:
			if c.own().set == nil {
				c.more.set = map[string]struct{}{}
			}
			maps.Copy(c.more.set, m.set)
		case fnApprox:
			if c.own().sketch == nil {
				c.more.sketch = hyperloglog.New()
			}
			_ = c.more.sketch.Merge(m.sketch) // they have the same precision
		default:
			a.choose(c, &m.value, m.at)
		}
	}
}

// appendResult appends what results show, as JSON.
func (a *Aggregate) appendResult(dst []byte, c *cell) []byte {
	switch {
	case a.kind == fnCount:
		return strconv.AppendInt(dst, c.n, 10)
	case (a.kind == fnSum || a.kind == fnAvg) && c.n == 0:
		return append(dst, "null"...)
	case a.kind == fnSum && c.float:
		return expr.AppendFloat(dst, c.f)
	case a.kind == fnSum:
		return strconv.AppendInt(dst, c.i, 10)
	case a.kind == fnAvg:
		sum := c.f
		if !c.float {
			sum = float64(c.i)
		}
		return expr.AppendFloat(dst, sum/float64(c.n))
	case a.kind == fnDistinct && c.more != nil:
		return strconv.AppendInt(dst, int64(len(c.more.set)), 10)
	case a.kind == fnApprox && c.more != nil:
		return strconv.AppendUint(dst, c.more.sketch.Estimate(), 10)
	case a.kind == fnDistinct || a.kind == fnApprox:
		return append(dst, '0')
	case c.more != nil:
		return c.more.value.AppendJSON(dst)
	}
	return append(dst, "null"...)
}

// appendStored appends all that the cell holds, as JSON: a number, [values, sum] with a third
// element when the sum is no integer, [value, offset], a list of values, or a sketch in base64.
func (a *Aggregate) appendStored(dst []byte, c *cell) []byte {
	switch {
	case a.kind == fnCount:
		return strconv.AppendInt(dst, c.n, 10)
	case a.kind == fnSum || a.kind == fnAvg:
		dst = append(strconv.AppendInt(append(dst, '['), c.n, 10), ',')
		if c.float {
			f := max(-math.MaxFloat64, min(math.MaxFloat64, c.f))
			return append(strconv.AppendFloat(dst, f, 'g', -1, 64), ",1]"...)
		}
		return append(strconv.AppendInt(dst, c.i, 10), ']')
	case c.more == nil:
		return append(dst, "null"...)
	case a.kind == fnDistinct:
		dst = append(dst, '[')
		for i, v := range slices.Sorted(maps.Keys(c.more.set)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(dst, v...)
		}
		return append(dst, ']')
	case a.kind == fnApprox:
		data, err := c.more.sketch.MarshalBinary()
		if err != nil {
			return append(dst, "null"...)
		}
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, data)
		return append(dst, '"')
	}
	dst = c.more.value.AppendJSON(append(dst, '['))
	return append(strconv.AppendInt(append(dst, ','), c.more.at, 10), ']')
}

// errStored is for what is no state of these aggregates.
var errStored = errors.New("it is no state of these aggregates")

// load reads what appendStored has written.
func (a *Aggregate) load(c *cell, dec *jsontext.Decoder) error {
	raw, err := dec.ReadValue()
	if err != nil {
		return err
	}
	if string(raw) == "null" {
		return nil
	}
	if a.kind == fnCount {
		c.n, err = strconv.ParseInt(string(raw), 10, 64)
		return err
	}
	if a.kind == fnApprox {
		return c.loadSketch(raw)
	}
	items, err := items(raw)
	if err != nil {
		return err
	}
	switch a.kind {
	case fnSum, fnAvg:
		if len(items) < 2 {
			return errStored
		}
		if c.n, err = strconv.ParseInt(items[0], 10, 64); err != nil {
			return err
		}
		if c.float = len(items) == 3; c.float {
			c.f, err = strconv.ParseFloat(items[1], 64)
		} else {
			c.i, err = strconv.ParseInt(items[1], 10, 64)
		}
		return err
	case fnDistinct:
		m := c.own()
		m.set = make(map[string]struct{}, len(items))
		for _, v := range items {
			m.set[v] = struct{}{}
		}
		return nil
	}
	if len(items) != 2 {
		return errStored
	}
	m := c.own()
	if m.value, err = expr.ParseValue([]byte(items[0])); err != nil {
		return err
	}
	m.at, err = strconv.ParseInt(items[1], 10, 64)
	return err
}

func (c *cell) loadSketch(raw []byte) error {
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return err
	}
	data, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return err
	}
	c.own().sketch = hyperloglog.New()
	return c.more.sketch.UnmarshalBinary(data)
}

// items returns the elements of an array as JSON.
func items(raw []byte) ([]string, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(raw))
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '[' {
		return nil, errStored
	}
	var list []string
	for dec.PeekKind() != ']' {
		v, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		list = append(list, string(v))
	}
	return list, nil
}

package generate

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"text/template"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

// maxLength bounds what a function may be asked to make, in bytes or words.
const maxLength = 1 << 20

// fake is the data behind the functions. faker draws from the same source as rand,
// so one seed is enough.
type fake struct {
	rand  *rand.Rand
	faker *gofakeit.Faker
	now   func() time.Time
	n     int64 // the number of the record
}

func (f *fake) functions() template.FuncMap {
	return template.FuncMap{
		"seq": f.seq, "int": f.int, "float": f.float, "bool": f.faker.Bool, "pick": f.pick,
		"uuid": f.faker.UUID, "hex": f.hex, "digits": f.digits, "base64": f.base64, "randbytes": f.bytes,
		"name": f.faker.Name, "firstname": f.faker.FirstName, "lastname": f.faker.LastName,
		"username": f.faker.Username, "email": f.faker.Email, "phone": f.faker.Phone,
		"company": f.faker.Company, "job": f.faker.JobTitle, "product": f.faker.ProductName,
		"color": f.faker.Color, "word": f.faker.Word, "sentence": f.sentence,
		"city": f.faker.City, "country": f.faker.Country, "street": f.faker.Street, "zip": f.faker.Zip,
		"latitude": f.faker.Latitude, "longitude": f.faker.Longitude,
		"ipv4": f.faker.IPv4Address, "ipv6": f.faker.IPv6Address, "url": f.faker.URL,
		"domain": f.faker.DomainName, "useragent": f.faker.UserAgent,
		"date": f.date, "now": f.nowText, "timestamp": f.timestamp,
		"add": func(a, b int64) int64 { return a + b }, "mod": mod,
		"upper": strings.ToUpper, "lower": strings.ToLower, "json": toJSON,
	}
}

// seq is the number of the record; with an argument, counted from there.
func (f *fake) seq(from ...int64) (int64, error) {
	switch len(from) {
	case 0:
		return f.n, nil
	case 1:
		return from[0] + f.n - 1, nil
	}
	return 0, fmt.Errorf("want one start at most, have %d", len(from))
}

func (f *fake) int(low, high int64) (int64, error) {
	if low > high {
		return 0, fmt.Errorf("no number from %d to %d", low, high)
	}
	span := uint64(high) - uint64(low) + 1
	if span == 0 { // all of them
		return int64(f.rand.Uint64()), nil
	}
	return int64(uint64(low) + f.rand.Uint64N(span)), nil
}

func (f *fake) float(low, high float64) (float64, error) {
	if !(low <= high) {
		return 0, fmt.Errorf("no number from %v to %v", low, high)
	}
	return low + f.rand.Float64()*(high-low), nil
}

func (f *fake) pick(from ...any) (any, error) {
	if len(from) == 0 {
		return nil, errors.New("nothing to pick from")
	}
	return from[f.rand.IntN(len(from))], nil
}

func (f *fake) bytes(n int) (string, error) {
	if n < 0 || n > maxLength {
		return "", fmt.Errorf("a length of %d: want 0 to %d", n, maxLength)
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(f.rand.Uint32())
	}
	return string(b), nil
}

func (f *fake) hex(n int) (string, error) {
	b, err := f.bytes(n)
	return hex.EncodeToString([]byte(b))[:len(b)], err
}

func (f *fake) base64(n int) (string, error) {
	b, err := f.bytes(n)
	return base64.StdEncoding.EncodeToString([]byte(b)), err
}

func (f *fake) digits(n int) (string, error) {
	b, err := f.bytes(n)
	return strings.Map(func(rune) rune { return '0' + rune(f.rand.IntN(10)) }, strings.Repeat("0", len(b))), err
}

func (f *fake) sentence(words ...int) (string, error) {
	switch {
	case len(words) == 0:
		return f.faker.Sentence(), nil
	case len(words) > 1 || words[0] < 1 || words[0] > maxLength:
		return "", fmt.Errorf("want one number of words, 1 to %d, have %v", maxLength, words)
	}
	return f.faker.Sentence(words[0]), nil
}

func (f *fake) date() string {
	day := f.now().UTC().AddDate(0, 0, -f.rand.IntN(3652))
	return day.Format(time.DateOnly)
}

func (f *fake) nowText() string { return f.now().Format("2006-01-02T15:04:05.000Z07:00") }

func (f *fake) timestamp() int64 { return f.now().UnixMilli() }

func mod(a, b int64) (int64, error) {
	if b == 0 {
		return 0, errors.New("division by zero")
	}
	return a % b, nil
}

// toJSON is v as JSON, without the escapes that are for HTML.
func toJSON(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

package record

import (
	"errors"
	"fmt"
	"regexp"
	"time"
	"unicode/utf8"

	"kstream/cmd/cli"
	"kstream/kafka"
)

// AppendJSONText appends text as a JSON string (RFC 8259, section 7).
func AppendJSONText(b []byte, text string) []byte {
	b = append(b, '"')
	for _, r := range text { // a byte that is no UTF-8 comes as U+FFFD
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r < 0x20 || r == 0x7f:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// DeliveryCode is the code of a record that was not delivered: delivery_failed, unless
// the cause is one for which there was no sense in trying.
func DeliveryCode(err error) cli.Code {
	var interrupted *cli.InterruptedError
	if errors.Is(err, kafka.ErrDenied) || errors.Is(err, kafka.ErrAuth) || errors.Is(err, kafka.ErrFenced) || errors.As(err, &interrupted) {
		return cli.CodeOf(err)
	}
	return cli.CodeDeliveryFailed
}

// BulkLinger is how long input that comes as fast as it can waits for fuller batches.
const BulkLinger = 25 * time.Millisecond

// CheckCompression refuses a codec that Kafka does not have.
func CheckCompression(name string) error {
	switch name {
	case "", "none", "gzip", "snappy", "lz4", "zstd":
		return nil
	}
	return cli.Usagef("-z %s: want none, gzip, snappy, lz4 or zstd", name)
}

// TopicName is what a topic may be called.
var TopicName = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

package position

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxPartitions bounds a partition list. Kafka runs at most some 200,000
// partitions in a whole cluster (KIP-500), and a range is written in a few bytes.
const maxPartitions = 1 << 18

// ParsePartitions reads a list such as "0,2,5-7". The result is ascending and
// without duplicates, and holds at most 262,144 partitions.
func ParsePartitions(text string) ([]int32, error) {
	var list []int32
	for item := range strings.SplitSeq(text, ",") {
		low, high, isRange := strings.Cut(item, "-")
		first, err := parsePartition(low)
		if err != nil {
			return nil, fmt.Errorf("%w: want a list such as 0,2,5-7", err)
		}
		last := first
		if isRange {
			if last, err = parsePartition(high); err != nil {
				return nil, fmt.Errorf("%w: want a list such as 0,2,5-7", err)
			}
		}
		if last < first {
			return nil, fmt.Errorf("%q: the range ends before it starts", item)
		}
		if int64(last)-int64(first) >= maxPartitions || len(list) > maxPartitions {
			return nil, fmt.Errorf("%q: more than %d partitions", item, maxPartitions)
		}
		for p := int64(first); p <= int64(last); p++ {
			list = append(list, int32(p))
		}
	}
	slices.Sort(list)
	if list = slices.Compact(list); len(list) > maxPartitions {
		return nil, fmt.Errorf("%q: more than %d partitions", text, maxPartitions)
	}
	return list, nil
}

func parsePartition(text string) (int32, error) {
	text = strings.TrimSpace(text)
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || !isDigits(text) {
		return 0, fmt.Errorf("%q is no partition number", text)
	}
	return int32(n), nil
}

// ParseSize reads a number of bytes: "512", "10MB" (ten million), "1MiB"
// (1,048,576), "1.5GB". The units are B kB MB GB TB, in powers of 1000, and KiB
// MiB GiB TiB, in powers of 1024. A fraction of a byte is cut off.
func ParseSize(text string) (int64, error) {
	const want = "want a number with B, kB, MB, GB, TB (powers of 1000) or KiB, MiB, GiB, TiB (of 1024)"
	number := strings.TrimRight(text, "BKMGTikmgt ")
	n, err := parseDecimal(number)
	if err != nil {
		return 0, fmt.Errorf("%q is no size: %s", text, want)
	}
	var size float64
	switch strings.TrimSpace(text[len(number):]) {
	case "", "B":
		size = 1
	case "kB", "KB":
		size = 1e3
	case "MB":
		size = 1e6
	case "GB":
		size = 1e9
	case "TB":
		size = 1e12
	case "KiB":
		size = 1 << 10
	case "MiB":
		size = 1 << 20
	case "GiB":
		size = 1 << 30
	case "TiB":
		size = 1 << 40
	default:
		return 0, fmt.Errorf("%q: unknown unit: %s", text, want)
	}
	if n *= size; n >= 1<<53 {
		return 0, fmt.Errorf("%q: larger than 9 PB", text)
	}
	return int64(n), nil
}

// Rate is Count events in each Per.
type Rate struct {
	Count float64
	Per   time.Duration
}

// PerSecond is the number of events in a second.
func (r Rate) PerSecond() float64 { return r.Count * float64(time.Second) / float64(r.Per) }

// ParseRate reads "100/s", "5/m", "0.5/s", "1000/h" or "20/d". The count is more
// than zero and at most 1e12.
func ParseRate(text string) (Rate, error) {
	const want = "want a number and a unit, such as 100/s, 5/m or 20/h"
	count, per, _ := strings.Cut(text, "/")
	n, err := parseDecimal(count)
	if err != nil {
		return Rate{}, fmt.Errorf("%q is no rate: %s", text, want)
	}
	if n < 1e-9 || n > 1e12 {
		return Rate{}, fmt.Errorf("%q: a rate must be more than 0 and at most 1000000000000", text)
	}
	for _, u := range units() {
		if per == u.name && u.size >= time.Second && u.size <= 24*time.Hour {
			return Rate{Count: n, Per: u.size}, nil
		}
	}
	return Rate{}, fmt.Errorf("%q is no rate: %s", text, want)
}

// parseDecimal reads digits with at most one point among them: no sign, no
// exponent, no hexadecimal, no infinity.
func parseDecimal(s string) (float64, error) {
	whole, frac, point := strings.Cut(s, ".")
	if !isDigits(whole) || point && !isDigits(frac) {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseFloat(s, 64)
}

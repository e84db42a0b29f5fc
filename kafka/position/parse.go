package position

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

const forms = "beginning, end, N, +N, -N, @TIME, stored, stored:GROUP or PARTITION=POSITION,…"

// storedIn stands before the name of a group.
const storedIn = "stored:"

// Parse reads a position. Relative and local times are taken from now and its
// location.
//
//	beginning earliest start oldest, end latest newest    of each partition
//	N  +N  -N                    offset N; N after the beginning; N before the end
//	@TIME, or TIME that is no integer                     see ParseTime
//	stored  stored:GROUP                                  the committed offset
//	0=10,3=-5,7=@-1h                                      these partitions alone
func Parse(text string, now time.Time) (Position, error) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "=") || strings.HasPrefix(strings.ToLower(text), storedIn) {
		point, err := parsePoint(text, now)
		return Position{all: point}, err
	}
	items := strings.Split(text, ",")
	each := make(map[int32]Point, len(items))
	for _, item := range items {
		left, right, ok := strings.Cut(item, "=")
		if !ok {
			return Position{}, fmt.Errorf("%q: every part must be PARTITION=POSITION, such as 0=10", item)
		}
		partition, err := parsePartition(left)
		if err != nil {
			return Position{}, err
		}
		if _, dup := each[partition]; dup {
			return Position{}, fmt.Errorf("partition %d has two positions", partition)
		}
		point, err := parsePoint(strings.TrimSpace(right), now)
		if err != nil {
			return Position{}, fmt.Errorf("partition %d: %w", partition, err)
		}
		each[partition] = point
	}
	return Position{each: each}, nil
}

func parsePoint(text string, now time.Time) (Point, error) {
	switch strings.ToLower(text) {
	case "":
		return Point{}, fmt.Errorf("empty position: want %s", forms)
	case "beginning", "earliest", "start", "oldest":
		return Point{Kind: Beginning}, nil
	case "end", "latest", "newest":
		return Point{Kind: End}, nil
	case "stored":
		return Point{Kind: Stored}, nil
	}
	if n := len(storedIn); len(text) >= n && strings.EqualFold(text[:n], storedIn) {
		if text[n:] == "" {
			return Point{}, fmt.Errorf("%q: the name of the group is missing", text)
		}
		return Point{Kind: Stored, Group: text[n:]}, nil
	}
	kind, digits := Absolute, text
	switch text[0] {
	case '+':
		kind, digits = AfterBeginning, text[1:]
	case '-':
		kind, digits = BeforeEnd, text[1:]
	}
	if isDigits(digits) {
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return Point{}, fmt.Errorf("%q: an offset has 63 bits, at most 9223372036854775807", text)
		}
		return Point{Kind: kind, N: n}, nil
	}
	if !looksLikeTime(text) {
		return Point{}, fmt.Errorf("%q is no position: want %s", text, forms)
	}
	at, err := ParseTime(text, now)
	if err != nil {
		return Point{}, err
	}
	return Point{Kind: AtTime, Time: at}, nil
}

// looksLikeTime decides which error helps: that of a time, or the list of all
// positions.
func looksLikeTime(text string) bool {
	if c := text[0]; c == '@' || c == '-' || '0' <= c && c <= '9' {
		return true
	}
	_, ok := cutDay(text)
	return ok || strings.EqualFold(text, "now")
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

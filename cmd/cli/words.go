package cli

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"syscall"
	"unicode/utf8"
)

// FlagValue is a flag and its value.
type FlagValue struct {
	Name string
	N    int64
}

// CheckPositive refuses the flags that were given and are not above 0.
func CheckPositive(changed func(name string) bool, flags ...FlagValue) error {
	for _, flag := range flags {
		if changed(flag.Name) && flag.N <= 0 {
			return Usagef("--%s: want more than 0", flag.Name)
		}
	}
	return nil
}

// Distinct drops what is named a second time.
func Distinct(names []string) []string {
	seen := make(map[string]bool, len(names))
	var once []string
	for _, name := range names {
		if !seen[name] {
			seen[name] = true
			once = append(once, name)
		}
	}
	return once
}

// Count formats n and a noun as "1 record", "2 records".
func Count(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.FormatInt(n, 10) + " " + what + "s"
}

// FirstOf is the first error there is.
func FirstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// PathCause is what the system said, without the operation and the path before it.
func PathCause(err error) error {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err
	}
	return err
}

// JoinIDs formats ids as "1,2,3".
func JoinIDs(ids []int32) string {
	texts := make([]string, len(ids))
	for i, id := range ids {
		texts[i] = strconv.Itoa(int(id))
	}
	return strings.Join(texts, ",")
}

// SpaceHint adds the remedy to the error of a temporary file that found no room.
func SpaceHint(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return Hint(err, "TMPDIR names a directory with more room; --partitions or --from-offset take a part")
	}
	return err
}

// Clip cuts two texts to width, around the place where they begin to differ.
func Clip(a, b string, width int) (string, string) {
	same := 0
	for same < min(len(a), len(b)) && a[same] == b[same] {
		same++
	}
	from := 0
	if same > width/2 {
		from = same - width/3
		for from > 0 && !utf8.RuneStart(a[from]) {
			from--
		}
	}
	return clipFrom(a, from, width), clipFrom(b, from, width)
}

func clipFrom(text string, from, width int) string {
	if len(text) <= width || from > len(text) {
		return text
	}
	if from > 0 {
		text = "…" + text[from:]
	}
	n := 0
	for i := range text {
		if n++; n > width {
			return text[:i] + "…"
		}
	}
	return text
}

// PercentOf returns n of all as Percent writes it, or "" when either is 0.
func PercentOf(n, all int64) string {
	if n == 0 || all == 0 {
		return ""
	}
	return Percent(float64(n) / float64(all))
}

// Percent writes a share so that only none is 0% and only all is 100%.
func Percent(share float64) string {
	text := strconv.FormatFloat(share*100, 'f', 1, 64)
	switch {
	case share > 0 && text == "0.0":
		return "<0.1%"
	case share < 1 && text == "100.0":
		return ">99.9%"
	}
	return strings.TrimSuffix(text, ".0") + "%"
}

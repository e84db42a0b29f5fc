// Package suggest finds the name that somebody meant.
package suggest

import "strings"

// Nearest returns the candidate that name is most likely a slip of, or "" when
// none is near: one edit, two in a name of eight letters, three in one of twelve (a
// letter added, dropped, changed, or swapped with its neighbour), upper and lower case
// alike.
// Of equally near ones the first wins.
func Nearest(name string, candidates []string) string {
	want := []rune(strings.ToLower(name))
	if len(want) > 200 {
		return ""
	}
	edits := min(3, max(1, len(want)/4))
	if len(want) < 3 {
		edits = 0 // or half of the name could be another
	}
	best, limit := "", edits+1
	for _, c := range candidates {
		if d := distance(want, []rune(strings.ToLower(c)), limit); d < limit {
			best, limit = c, d
		}
	}
	return best
}

// distance counts edits (Damerau and Levenshtein's, optimal string alignment). It
// returns limit as soon as it cannot be less.
func distance(a, b []rune, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	before, above := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range above {
		above[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > limit {
			return limit
		}
		before, above, row = above, row, before
	}
	return min(above[len(b)], limit)
}

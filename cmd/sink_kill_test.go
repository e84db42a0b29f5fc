//go:build unix

package cmd

import (
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// asked runs a query with the sqlite3 of Python, the witness.
func (s *stage) asked(file, query string) string {
	s.t.Helper()
	program := "import sqlite3, sys\nfor row in sqlite3.connect(sys.argv[1], timeout=30).execute(sys.argv[2]): print(*row)"
	out, err := exec.CommandContext(s.t.Context(), "python3", "-c", program, filepath.Join(s.dir, file), query).Output()
	if err != nil {
		return "" // it may not be there yet
	}
	return strings.TrimSpace(string(out))
}

// A process that is killed at any moment writes each record once into a file.
func TestKilledSinkOfSQLite(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not here")
	}
	s := newStage(t)
	s.create(3)
	stop := s.stream()
	args := []string{"pipe", s.topic, "sqlite:sink.db", "--table", "t", "--create-table", "--meta", "--group", s.group, "--commit-every", "20ms"}
	rows := func() string { return s.asked("sink.db", "select count(*) from t") }
	for range soak(t, 3) {
		p := s.start(append(args, s.session...)...)
		before := rows()
		p.await("more rows", func() bool { return rows() != before })
		for range rand.IntN(3) {
			before := rows()
			p.await("more rows", func() bool { return rows() != before })
		}
		p.signal(syscall.SIGKILL)
		p.wait(137)
	}
	n := stop()
	s.start(append(append(args, s.session...), "-e")...).wait(0)
	want := s.asked("sink.db", "with recursive k(i) as (values (0) union all select i + 1 from k where i < "+strconv.Itoa(n-1)+") select count(*), count(*), sum(i) from k")
	if got := s.asked("sink.db", "select count(*), count(distinct value), sum(value) from t"); got != want {
		t.Errorf("the table has %s, want %s", got, want)
	}
	if got := s.asked("sink.db", `select count(*) from (select 1 from t group by "partition", "offset" having count(*) > 1)`); got != "0" {
		t.Errorf("%s records are there twice", got)
	}
}

//go:build unix

package cmd

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"kstream/kafka/kafkatest/postgrestest"
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

// Two processes that are killed at any moment write each record once into a table, while the
// database itself crashes.
func TestKilledSinkOfPostgreSQL(t *testing.T) {
	t.Parallel()
	if err := postgrestest.Available(); err != nil {
		t.Skip(err)
	}
	ctx, cancel := inTime()
	defer cancel()
	db, err := postgrestest.Start(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	ask := func(sql string) string {
		out, err := db.Ask(t.Context(), sql)
		if err != nil {
			return "" // it may not be there yet, or be down
		}
		return strings.TrimSpace(out)
	}
	s := newStage(t)
	s.create(4)
	stop := s.stream()
	url := "postgres://" + postgrestest.User + ":" + strings.NewReplacer(" ", "%20", "/", "%2F", "@", "%40").Replace(postgrestest.Password) + "@" + db.Address() + "/" + postgrestest.Database
	args := append([]string{"pipe", s.topic, url, "--table", "t", "--create-table", "--meta", "--group", s.group, "--commit-every", "20ms", "--timeout", "30s"}, s.session...)
	rows := func() string { return ask("select count(*) from t") }
	more := func(p *process) {
		t.Helper()
		before := rows()
		p.await("more rows", func() bool { now := rows(); return now != "" && now != before })
	}
	running := []*process{s.start(args...), s.start(args...)}
	for i := range soak(t, 3) {
		slot := rand.IntN(2)
		more(running[slot])
		if i%2 == 0 {
			db.Crash()
			if err := db.Up(ctx); err != nil {
				t.Fatal(err)
			}
		}
		running[slot].signal(syscall.SIGKILL)
		running[slot].wait(137)
		running[slot] = s.start(args...)
		more(running[slot])
	}
	n := stop()
	for _, p := range running {
		p.signal(syscall.SIGINT)
		p.wait(0)
	}
	s.start(append(args, "-e")...).wait(0)
	want := ask(fmt.Sprint("select count(*), count(*), sum(i), 0 from generate_series(0, ", n-1, ") i"))
	got := ask(`select count(*), count(distinct value), sum(value::bigint), count(*) - count(distinct (partition, "offset")) from t where key = value`)
	if got != want {
		t.Errorf("the table has %s, want %s", got, want)
	}
}

// A source that is killed at any moment, while rows are inserted and updated, writes each version
// that it has read once, in the order of the cursor.
func TestKilledSource(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("python3 is not here")
	}
	s := newStage(t)
	s.create(1)
	const rows = 20_000
	s.write("app.db", "pragma journal_mode = wal; create table t (id integer primary key, version integer); create index v on t (version)",
		fmt.Sprintf("with recursive k(i) as (values (1) union all select i + 1 from k where i < %d) insert into t select i, i from k", rows))
	args := []string{"pipe", "sqlite:app.db", s.topic, "--table", "t", "--cursor", "version,id", "--group", s.group, "--interval", "10ms"}
	written := func() int {
		ctx, cancel := inTime()
		defer cancel()
		ends, err := s.witness.Ends(ctx, s.topic)
		if err != nil {
			t.Fatal(err)
		}
		return int(ends[0])
	}
	version := rows
	change := func() {
		for range 20 { // each change is a version of its own, greater than all before
			version++
			s.write("app.db", fmt.Sprintf("update t set version = %d where id = %d", version, 1+rand.IntN(rows)))
		}
	}
	for range soak(t, 3) {
		p := s.start(args...)
		before := written()
		change()
		p.await("more rows", func() bool { return written() > before })
		p.signal(syscall.SIGKILL)
		p.wait(137)
	}
	s.start(append(args, "-e")...).wait(0)
	ctx, cancel := inTime()
	defer cancel()
	got, err := s.witness.ReadCommitted(ctx, s.topic)
	if err != nil {
		t.Fatal(err)
	}
	last, latest := 0, map[int]int{}
	for _, records := range got {
		for _, r := range records {
			var v struct{ ID, Version int }
			if err := json.Unmarshal(r.Value, &v); err != nil {
				t.Fatal(err)
			}
			if v.Version <= last {
				t.Fatalf("version %d comes behind %d", v.Version, last)
			}
			last, latest[v.ID] = v.Version, v.Version
		}
	}
	sum := 0
	for _, v := range latest {
		sum += v
	}
	if want, have := s.asked("app.db", "select count(*), sum(version) from t"), fmt.Sprint(len(latest), sum); want != have {
		t.Errorf("the newest versions are %s, want %s", have, want)
	}
}

// write runs statements with the sqlite3 of Python.
func (s *stage) write(file string, statements ...string) {
	s.t.Helper()
	program := "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], timeout=30)\nfor q in sys.argv[2:]: c.executescript(q)\nc.commit()"
	args := append([]string{"-c", program, filepath.Join(s.dir, file)}, statements...)
	if out, err := exec.CommandContext(s.t.Context(), "python3", args...).CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
}

package cmd

import (
	"context"
	"io"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"

	"kstream/kafka/kafkatest/postgrestest"
)

// postgresServers are those of running scripts.
var postgresServers sync.Map // *testscript.TestScript → *postgrestest.Server

// postgres start starts PostgreSQL for the script and sets PG to HOST:PORT, PGUSER and PGPASSWORD;
// postgres crash ends it at once, postgres up starts it again. It needs [postgres].
func cmdPostgres(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: postgres start|crash|up")
	}
	ctx, cancel := context.WithTimeout(context.Background(), scriptLimit)
	defer cancel()
	switch args[0] {
	case "start":
		s, err := postgrestest.Start(ctx)
		ts.Check(err)
		ts.Defer(func() {
			postgresServers.Delete(ts)
			s.Close()
		})
		postgresServers.Store(ts, s)
		ts.Setenv("PG", s.Address()+"/"+postgrestest.Database)
		ts.Setenv("PGUSER", postgrestest.User)
		ts.Setenv("PGPASSWORD", postgrestest.Password)
	case "crash":
		postgresOf(ts).Crash()
	case "up":
		ts.Check(postgresOf(ts).Up(ctx))
	default:
		ts.Fatalf("usage: postgres start|crash|up")
	}
}

func postgresOf(ts *testscript.TestScript) *postgrestest.Server {
	s, ok := postgresServers.Load(ts)
	if !ok {
		ts.Fatalf("postgres start comes first")
	}
	return s.(*postgrestest.Server)
}

// psql SQL… prints the rows that the database of the script answers with; the command stdout can
// match them.
func cmdPsql(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: psql SQL…")
	}
	ctx, cancel := inTime()
	defer cancel()
	for _, sql := range args {
		out, err := postgresOf(ts).Ask(ctx, sql)
		ts.Check(err)
		_, err = io.WriteString(ts.Stdout(), out)
		ts.Check(err)
	}
}

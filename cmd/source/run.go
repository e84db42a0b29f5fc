package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
	"kstream/cmd/sink"
	"kstream/cmd/sink/postgres"
	"kstream/kafka"
	"kstream/serde"
)

// A transaction has this many rows, or lasts this long, whichever is first.
const (
	transactionRows = 10_000
	transactionTime = 500 * time.Millisecond
)

// run reads rows into a topic. One goroutine owns it.
type run struct {
	*Plan
	*record.Packer
	env     *cli.Env
	config  kafka.Config
	admin   *kafka.Admin
	session *kafka.Session
	url     string // with the secrets in it
	shown   string // without
	db      database
	key     positionKey

	// Since the last commit:
	rows  int64
	last  []string // the cursor of the last row
	since time.Time

	written int64
	scratch []byte
	json    []byte
}

// Summary is what one run has counted: rows that are committed.
type Summary struct{ Written int64 }

// Run reads rows until it is to end.
func Run(ctx context.Context, env *cli.Env, p *Plan) (s Summary, err error) {
	if err := p.OpenSerdes(env); err != nil {
		return s, err
	}
	defer p.Close()
	r := &run{Plan: p, Packer: record.NewCopyPacker(), env: env}
	defer func() { err = errors.Join(err, r.close()) }()
	polling, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer (&record.Limits{Within: p.within}).Time(stop)()
	err = r.open(polling)
	if err == nil {
		err = r.follow(polling)
	}
	env.Notice("%d rows written to %s", r.written, p.dst)
	if cause := context.Cause(polling); cause != nil && errors.Is(err, cause) {
		if cli.IsSignal(cause) && p.exit {
			return Summary{r.written}, cause
		}
		err = nil // it has no other end
	}
	return Summary{r.written}, err
}

// open looks at where rows go, ends what a former run has left open, and looks at the rows.
func (r *run) open(ctx context.Context) error {
	cluster, err := r.Cluster.Connect(ctx, r.env)
	if err != nil {
		return err
	}
	if err := cluster.RefuseWrites(); err != nil {
		return err
	}
	r.config = cluster.Config
	if r.url, r.shown, err = sink.Reveal(ctx, r.Plan.url); err != nil {
		return err
	}
	if err := r.connect(ctx); err != nil {
		return err
	}
	if r.admin, err = kafka.OpenAdmin(ctx, r.config); err != nil {
		return err
	}
	found, err := r.admin.Topics(ctx, r.dst)
	if errors.Is(err, kafka.ErrUnknownTopic) && r.create {
		if err := r.admin.CreateTopic(ctx, kafka.TopicConfig{Name: r.dst}); err != nil {
			return err
		}
		found, err = r.admin.Topics(ctx, r.dst)
	}
	if err != nil {
		return connect.NearOrNew(err)
	}
	if err := record.CreateProgress(ctx, r.admin, r.env.Notice); err != nil {
		return err
	}
	r.key = positionKey{r.name, r.what, strings.Join(r.query.cursor, ","), r.dst, found[0].ID}
	pc := kafka.ProducerConfig{
		Compression: r.compression, MaxBatch: r.admin.MaxMessage(ctx, r.dst), Transactional: r.transactionalID(), Done: r.GiveBack,
	}
	notice := func(n kafka.Notice) { r.env.Notice("%s", n) }
	if r.session, err = kafka.OpenSession(r.config, pc, notice); err != nil {
		return err
	}
	if err := r.session.TakeOver(ctx); err != nil {
		return err
	}
	if err := r.load(ctx); err != nil {
		return err
	}
	if r.query.after == nil {
		r.env.Notice("%s: all rows, for there is no position under --group %s", r.what, r.name)
	}
	return nil
}

// transactionalID is that of the position: who else has it is fenced.
func (r *run) transactionalID() string {
	sum := sha256.Sum256(fmt.Append(nil, r.key))
	return "kstream-source-" + r.name + "-" + hex.EncodeToString(sum[:4])
}

// connect opens the database and finds the columns.
func (r *run) connect(ctx context.Context) (err error) {
	switch sink.KindOf(r.url) {
	case "sqlite":
		_, path, _ := strings.Cut(r.url, ":")
		r.db, err = openAs(openSQLite(path, r.config.Timeout))
	case "postgres":
		r.db, err = openAs(openPostgres(ctx, r.url, r.config.Timeout))
	default:
		return cli.Usagef("what %s stands for is no URL of a database", r.shown)
	}
	if err != nil {
		return err
	}
	if !r.query.named {
		r.query.keys = nil
	}
	return r.db.describe(ctx, &r.query)
}

// openAs keeps a database that was not opened from being one.
func openAs[D database](db D, err error) (database, error) {
	if err != nil {
		return nil, err
	}
	return db, nil
}

// follow reads what is new, again and again.
func (r *run) follow(ctx context.Context) error {
	for {
		err := r.pass(ctx)
		switch {
		case err == nil && r.exit:
			return nil
		case err == nil:
			err = wait(ctx, r.interval)
		case lost(err) && ctx.Err() == nil:
			r.env.Notice("reading again from the last commit: %v", err)
			err = r.again(ctx)
		}
		if err != nil {
			return postgres.Explain(err, r.config.Timeout)
		}
	}
}

// again connects anew, and takes back what was not committed.
func (r *run) again(ctx context.Context) error {
	r.drop()
	if err := r.session.TakeBack(ctx); err != nil {
		return fenced(err)
	}
	_ = r.db.close() // it is lost
	r.db = nil
	return r.connect(ctx)
}

// drop forgets what is packed and not sent.
func (r *run) drop() {
	for _, p := range r.Packed {
		r.Take(p)
	}
	r.rows, r.last = 0, nil
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// pass reads all rows behind the position. With --settle these are the ones up to what was the
// newest, that long ago.
func (r *run) pass(ctx context.Context) error {
	q := r.query
	if r.settle > 0 {
		newest, err := r.db.newest(ctx, &q)
		if err != nil || newest == "" || newest == "null" {
			return err
		}
		q.bound = newest
		if err := wait(ctx, r.settle); err != nil {
			return err
		}
	}
	r.since = time.Now()
	err := r.db.read(ctx, &q, func(row *row) error { return r.add(ctx, row) })
	if err != nil {
		return err
	}
	return r.commit(ctx)
}

// add writes a row. Rows of one position are in one transaction.
func (r *run) add(ctx context.Context, row *row) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if r.rows > 0 && (r.rows >= transactionRows || time.Since(r.since) >= transactionTime) && row.behind(r.query.cursor, r.last) {
		if err := r.commit(ctx); err != nil {
			return err
		}
	}
	r.scratch = r.scratch[:0]
	part := func(p serde.Part, json []byte) ([]byte, []kafka.Header, error) {
		data, more, err := r.Encoders[p].EncodeJSON(ctx, r.dst, json, &r.scratch)
		if err != nil {
			code := cli.CodeOf(err)
			if code == cli.CodeFailed {
				code = cli.CodeBadData
			}
			return nil, nil, cli.Errorf(code, "%s, row %s: %w", r.what, strings.Join(row.at(r.query.cursor), ","), err)
		}
		var headers []kafka.Header
		for _, h := range more {
			headers = append(headers, kafka.Header{Key: h.Key, Value: h.Value})
		}
		return data, headers, nil
	}
	var key []byte
	var headers []kafka.Header
	if len(r.query.keys) > 0 {
		var err error
		if key, headers, err = part(serde.Key, row.key(nil, r.query.keys)); err != nil {
			return err
		}
	}
	r.json = row.object(r.json[:0], nil)
	value, more, err := part(serde.Value, r.json)
	if err != nil {
		return err
	}
	p := r.Of(r.dst)
	p.Add(key, value, append(headers, more...), kafka.AnyPartition, kafka.Now)
	r.rows++
	r.last = row.at(r.query.cursor)
	if p.Full() {
		r.Take(p)
		return r.session.Send(ctx, &p.Outgoing)
	}
	return nil
}

// commit commits the rows and the position behind them.
func (r *run) commit(ctx context.Context) error {
	r.since = time.Now()
	if r.rows == 0 {
		return nil
	}
	if err := r.keep(r.last); err != nil {
		return err
	}
	for _, p := range r.Packed {
		r.Take(p)
		if err := r.session.Send(ctx, &p.Outgoing); err != nil {
			return fenced(err)
		}
	}
	if err := r.session.Commit(ctx); err != nil {
		return fenced(fmt.Errorf("the last %s are not committed: %w", cli.Count(r.rows, "row"), err))
	}
	r.written += r.rows
	r.query.after = r.last
	r.rows = 0
	return nil
}

func fenced(err error) error {
	if errors.Is(err, kafka.ErrFenced) {
		return cli.Hint(err, "another process runs with the same --group")
	}
	return err
}

// close takes back what was not committed.
func (r *run) close() error {
	var errs []error
	if r.session != nil {
		ctx, cancel := context.WithTimeout(context.Background(), cli.OutputGrace)
		defer cancel()
		_ = r.session.Abort(ctx) // if it fails, the coordinator aborts in time
		errs = append(errs, r.session.Close())
	}
	if r.admin != nil {
		r.admin.Close()
	}
	if r.db != nil {
		errs = append(errs, r.db.close())
	}
	return errors.Join(errs...)
}

package group

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"kstream/cmd/cli"
)

// metricsType is the media type of OpenMetrics 1.0.
const metricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

// exporter answers scrapes, each with a look at the groups.
type exporter struct {
	o      *observer
	wanted Wanted
	choose func([]Snapshot) []Snapshot

	mu   sync.Mutex // an observer looks once at a time
	down bool
}

// Listen serves the lag of groups as OpenMetrics, at /metrics of the address, until ctx
// ends, which is no error. A cluster that does not answer is a notice, once, and the
// status 503 for who asks.
func (f *WatchOptions) Listen(ctx context.Context, address string, o *observer, wanted Wanted, choose func([]Snapshot) []Snapshot) error {
	listener, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return cli.Errorf(cli.CodeFailed, "--listen %s: the port is in use", address)
	case err != nil:
		return cli.Usagef("--listen: %w", err)
	}
	e := &exporter{o: o, wanted: wanted, choose: choose}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", e.serve)
	mux.Handle("GET /{$}", http.RedirectHandler("/metrics", http.StatusFound))
	server := &http.Server{
		Handler: mux, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	o.env.Notice("lag is at http://%s/metrics", listener.Addr())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }() // ends with Shutdown
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(bounded); err != nil {
		_ = server.Close() // who still waits for an answer gets none
	}
	return nil
}

func (e *exporter) serve(w http.ResponseWriter, r *http.Request) {
	text, err := e.look(r.Context())
	if err != nil {
		http.Error(w, cli.OneLine(err.Error()), http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", metricsType)
	_, _ = w.Write(text) // who asked may have gone
}

func (e *exporter) look(ctx context.Context) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	snapshots, err := e.o.observe(ctx, e.wanted)
	if err == nil {
		err = missingIn(snapshots)
	}
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil && !e.down:
		e.o.env.Notice("%v; still listening", err)
	case err == nil && e.down:
		e.o.env.Notice("the cluster answers again")
	}
	e.down = err != nil
	if snapshots == nil && err != nil {
		return nil, err
	}
	return AppendOpenMetrics(nil, e.choose(snapshots), false), nil
}

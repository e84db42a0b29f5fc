//go:build unix

package kafkatest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// startLimit bounds one attempt to bring a cluster up. A node is up in 4 s on
// an idle machine with two cores.
const startLimit = 3 * time.Minute

// Options says what cluster to start. The zero value is one node on plaintext.
type Options struct {
	// Nodes is the number of brokers, each a controller too: 1 (also for 0) or 3.
	Nodes int
	// Dir holds the data, the logs and the state. It must not exist or be empty;
	// Stop removes it. Empty means a new temporary directory.
	Dir string
	// Detach lets the brokers outlive this process; Open finds them again.
	// Without it they die with it, however it ends (on Linux).
	Detach bool
	// Listen, unless empty, is the address of node 1's plaintext listener.
	Listen string
	// Advertise, unless nil, is called for each node with its number (from 1) and the
	// address of its plaintext listener, and returns the address that clients
	// are told, such as that of a proxy. Brokers talk to each other on a
	// listener of their own, so a fault in a proxy touches clients only.
	Advertise func(node int, listen string) (string, error)
	// Secure adds listeners with TLS and SASL, and users: see AdminUser.
	Secure bool
	// Properties are added to, or replace, the settings of every broker.
	Properties map[string]string
	// Heap is the -Xmx of each broker, by default 640m.
	Heap string
}

// Cluster is a running Apache Kafka. Its methods are not safe for concurrent
// use, except Tool, Bootstrap and Internal.
type Cluster struct {
	dir       string
	id        string
	classpath string
	heap      string
	secure    bool
	detach    bool
	nodes     []*node
}

// Start brings up a cluster and returns when every node answers and knows all
// others. A cluster that does not come up leaves nothing behind, and the error
// ends with the last lines of a broker's log.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	if o.Nodes == 0 {
		o.Nodes = 1
	}
	if o.Nodes != 1 && o.Nodes != 3 {
		return nil, fmt.Errorf("start Apache Kafka: %d nodes, want 1 or 3", o.Nodes)
	}
	classpath, err := Classpath(ctx)
	if err != nil {
		return nil, err
	}
	// A port found free can be taken before Java binds it, hence more than one attempt.
	for attempt := 1; ; attempt++ {
		c, err := start(ctx, classpath, o)
		if err == nil {
			return c, nil
		}
		if attempt == 3 || !strings.Contains(err.Error(), "Address already in use") {
			return nil, fmt.Errorf("start Apache Kafka: %w", err)
		}
	}
}

func start(ctx context.Context, classpath string, o Options) (_ *Cluster, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("no answer within %v", startLimit))
	defer cancel()
	dir, err := emptyDir(o.Dir)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, id: clusterID, classpath: classpath, heap: o.Heap, secure: o.Secure, detach: o.Detach}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Stop())
		}
	}()
	if c.heap == "" {
		c.heap = "640m"
	}
	if o.Secure {
		if err := writeCertificates(c.CertDir()); err != nil {
			return nil, fmt.Errorf("certificates: %w", err)
		}
	}
	if c.nodes, err = layOut(dir, o); err != nil {
		return nil, err
	}
	if err := c.configure(o); err != nil {
		return nil, err
	}
	if err := c.format(ctx); err != nil {
		return nil, err
	}
	for _, n := range c.nodes {
		if err := n.start(c); err != nil {
			return nil, err
		}
	}
	if err := c.save(); err != nil {
		return nil, err
	}
	return c, c.Ready(ctx)
}

// emptyDir makes dir, or a temporary directory, and refuses one with anything in it.
func emptyDir(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "kafkatest-")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("%s is not empty: a cluster may be there, stop it first", dir)
	}
	return dir, nil
}

// Ready waits until every running node answers and knows all running nodes. A
// node that has died is an error at once, with the end of its log.
func (c *Cluster) Ready(ctx context.Context) error {
	var want []*node
	for _, n := range c.nodes {
		if !n.down {
			want = append(want, n)
		}
	}
	for _, n := range want {
		err := await(ctx, func() error { return n.died() }, func() error {
			return answers(n.Internal, len(want))
		})
		if err != nil {
			return fmt.Errorf("node %d at %s: %w", n.Number, n.Internal, err)
		}
	}
	return nil
}

// Bootstrap returns the addresses that clients are told, joined by commas.
func (c *Cluster) Bootstrap() string {
	return c.addresses(func(n *node) string { return n.Advertised })
}

// Internal returns the addresses of the listener that the brokers use among
// themselves, joined by commas: the way around a proxy.
func (c *Cluster) Internal() string { return c.addresses(func(n *node) string { return n.Internal }) }

func (c *Cluster) addresses(of func(*node) string) string {
	addrs := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		addrs[i] = of(n)
	}
	return strings.Join(addrs, ",")
}

// Stop ends every node at once, without a clean shutdown, and removes the
// cluster's directory. It may be called twice.
func (c *Cluster) Stop() error {
	var errs []error
	for _, n := range c.nodes {
		errs = append(errs, n.kill())
	}
	errs = append(errs, os.RemoveAll(c.dir))
	return errors.Join(errs...)
}

// state is the file by which another process finds a detached cluster.
type state struct {
	ID        string  `json:"id"`
	Classpath string  `json:"classpath"`
	Heap      string  `json:"heap"`
	Secure    bool    `json:"secure,omitempty"`
	Nodes     []*node `json:"nodes"`
}

func (c *Cluster) save() error {
	data, err := json.MarshalIndent(state{c.id, c.classpath, c.heap, c.secure, c.nodes}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.dir, "cluster.json"), data, 0o644)
}

// Open returns the detached cluster whose directory is dir.
func Open(dir string) (*Cluster, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, "cluster.json"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("no cluster in %s", dir)
	}
	if err != nil {
		return nil, err
	}
	var s state
	if err := json.Unmarshal(data, &s); err != nil {
		return nil, fmt.Errorf("state of the cluster in %s: %w", dir, err)
	}
	c := &Cluster{dir: dir, id: s.ID, classpath: s.Classpath, heap: s.Heap, secure: s.Secure, detach: true, nodes: s.Nodes}
	for _, n := range c.nodes {
		n.down = !n.alive()
	}
	return c, nil
}

package embedded

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"kstream/kafka/protocol"
)

// DefaultPartitions is how many partitions a new topic gets when neither
// [Config] nor the request says.
const DefaultPartitions = 10

// Config is what broker to start. The zero value is a single node on a port
// that the kernel chooses, in memory, without topics, that creates none unasked.
type Config struct {
	// Listen is the HOST:PORT of the first node; the others take the ports that
	// follow it. Port 0 lets the kernel choose each. Default "127.0.0.1:0".
	Listen string
	// Advertise is the HOST or HOST:PORT that clients are told to connect to,
	// for when it differs from what the broker listens on. Further nodes
	// advertise the ports that follow. Default: the address listened on, with
	// the loopback address in place of a wildcard.
	Advertise string
	// Nodes is how many brokers the cluster has. Default 1.
	Nodes int
	// Partitions is the partition count of topics that do not say one.
	// Default DefaultPartitions.
	Partitions int
	// Topics exist when Start returns. One that Dir already holds stays as it
	// is, whatever its partition count.
	Topics []Topic
	// AutoCreate makes a client's metadata request create the topic it names, as
	// Kafka does by default (auto.create.topics.enable).
	AutoCreate bool
	// Dir keeps everything across restarts: topics, records, groups, users. It
	// is created when missing, and belongs to one broker at a time. Empty: all
	// is in memory and gone after Close.
	Dir string
	// Sync writes every batch through to the disk before it is acknowledged.
	// Without it a crash of the machine, not of the process, may lose the
	// newest records.
	Sync bool
	// TLS encrypts every connection with this configuration.
	TLS *tls.Config
	// Users can log in; with at least one, all clients have to, by SASL.
	Users []User
	// ACLs makes the broker authorize each request: users without Super may
	// only do what an ACL allows.
	ACLs bool
	// JoinDelay is how long a group of the classic protocol that gets its first member
	// waits for further ones before it is rebalanced, anew with each that comes, up to ten
	// times that: group.initial.rebalance.delay.ms (KIP-134). Default: not at all.
	JoinDelay time.Duration
	// Configs are broker settings by Kafka's names, such as
	// "message.max.bytes" or "log.cleaner.backoff.ms".
	Configs map[string]string
	// Log receives the broker's warnings and errors, one line each without the
	// newline, from any goroutine. With Verbose it receives everything.
	Log     func(line string)
	Verbose bool
}

// Topic is a topic to create. Partitions 0 means the broker's default.
type Topic struct {
	Name       string
	Partitions int
}

// User is someone who can log in. Mechanism is PLAIN, SCRAM-SHA-256 or
// SCRAM-SHA-512. Super users pass every ACL.
type User struct {
	Mechanism, Name, Password string
	Super                     bool
}

// Broker is a running broker, of one or more nodes. It is safe for
// concurrent use.
type Broker struct {
	cluster   *kfake.Cluster
	addr      string
	listeners *listeners
	dir       *dataDir
	logger    *logger
	login     *protocol.Login // of the insider, see joins; nil without users
	tending   sync.WaitGroup
	leave     context.CancelFunc // ends it
	closing   sync.Once
	err       error
}

// Start starts a broker. When it returns, the broker answers and its topics
// exist. The caller must Close the broker.
//
// The error is ErrPortInUse when another program has the port, ErrDirInUse when
// another broker has the directory, ErrDirForeign when the directory is no
// broker's.
func Start(cfg Config) (*Broker, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	b := &Broker{logger: &logger{write: cfg.Log, verbose: cfg.Verbose}}
	var err error
	if b.login, err = cfg.insiderLogin(); err != nil {
		return nil, err
	}
	if b.listeners, err = listen(cfg); err != nil {
		return nil, err
	}
	if cfg.Dir != "" {
		if b.dir, err = openDataDir(cfg.Dir); err != nil {
			b.listeners.close()
			return nil, err
		}
	}
	if b.cluster, err = kfake.NewCluster(cfg.options(b)...); err != nil {
		b.listeners.close()
		if cfg.Dir != "" {
			err = fmt.Errorf("%s: %w", cfg.Dir, err)
		}
		return nil, errors.Join(err, b.dir.close())
	}
	b.addr = b.listeners.advertised()
	b.listAllUsers()
	b.refuseReplicas()
	ctx, leave := context.WithCancel(context.Background())
	b.leave = leave
	b.listeners.joins.holdNew(cfg.JoinDelay, func(group string) bool {
		info := b.cluster.GroupInfo(group)
		return info == nil || len(info.Members) == 0
	}, ctx.Done())
	b.tending.Go(func() { b.tend(ctx) }) // ends with Close
	for _, t := range cfg.Topics {
		if b.cluster.TopicInfo(t.Name) != nil {
			continue
		}
		if err := b.cluster.CreateTopic(t.Name, int32(t.Partitions), nil); err != nil {
			return nil, errors.Join(fmt.Errorf("topic %s: %w", t.Name, err), b.Close())
		}
	}
	return b, nil
}

// Check returns an error if the configuration is not valid. It does no I/O. Start calls
// it too.
func (c Config) Check() error {
	c = c.withDefaults()
	if c.Nodes < 1 || c.Nodes > maxNodes {
		return fmt.Errorf("%d nodes: want 1 to %d", c.Nodes, maxNodes)
	}
	if err := c.checkAddresses(); err != nil {
		return err
	}
	if err := checkPartitions(c.Partitions); err != nil {
		return err
	}
	seen := make(map[string]bool, len(c.Topics))
	for _, t := range c.Topics {
		if err := checkTopic(t); err != nil {
			return err
		}
		if seen[t.Name] {
			return fmt.Errorf("topic %s is given twice", t.Name)
		}
		seen[t.Name] = true
	}
	for _, u := range c.Users {
		switch u.Mechanism {
		case "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
		default:
			return fmt.Errorf("user %s: mechanism %q: want PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512", u.Name, u.Mechanism)
		}
	}
	if c.ACLs && len(c.Users) == 0 {
		return errors.New("ACLs need at least one user, or nobody could do anything")
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	if c.Nodes == 0 {
		c.Nodes = 1
	}
	if c.Partitions == 0 {
		c.Partitions = DefaultPartitions
	}
	return c
}

// Bounds that keep a slip of the finger from taking the machine down.
const (
	maxNodes      = 100
	maxPartitions = 10_000
)

func checkPartitions(n int) error {
	if n < 1 || n > maxPartitions {
		return fmt.Errorf("%d partitions: want 1 to %d", n, maxPartitions)
	}
	return nil
}

// checkTopic holds t to Kafka's rule for names: 1 to 249 of the characters
// [a-zA-Z0-9._-], and neither "." nor "..".
func checkTopic(t Topic) error {
	if len(t.Name) > 249 {
		return fmt.Errorf("topic name of %d characters: want at most 249", len(t.Name))
	}
	bad := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
	}
	if t.Name == "" || t.Name == "." || t.Name == ".." || strings.ContainsFunc(t.Name, bad) {
		return fmt.Errorf("topic name %q: want letters, digits, '.', '_' and '-'", t.Name)
	}
	if t.Partitions == 0 {
		return nil
	}
	if err := checkPartitions(t.Partitions); err != nil {
		return fmt.Errorf("topic %s: %w", t.Name, err)
	}
	return nil
}

// options is c in the words of the library. Topics are among them so that they
// exist before the first client can ask.
func (c Config) options(b *Broker) []kfake.Opt {
	opts := []kfake.Opt{
		kfake.NumBrokers(c.Nodes),
		kfake.DefaultNumPartitions(c.Partitions),
		kfake.ListenFn(b.listeners.next),
		kfake.WithLogger(b.logger),
		kfake.BrokerConfigs(c.Configs),
		kfake.MaxVersions(versions()),
	}
	for _, t := range c.Topics {
		opts = append(opts, kfake.SeedTopics(int32(t.Partitions), t.Name))
	}
	if c.AutoCreate {
		opts = append(opts, kfake.AllowAutoTopicCreation())
	}
	if c.Dir != "" {
		opts = append(opts, kfake.DataDir(c.Dir))
	}
	if c.Sync {
		opts = append(opts, kfake.SyncWrites())
	}
	if len(c.Users) > 0 {
		opts = append(opts, kfake.EnableSASL())
	}
	for _, u := range c.Users {
		if u.Super {
			opts = append(opts, kfake.Superuser(u.Mechanism, u.Name, u.Password))
		} else {
			opts = append(opts, kfake.User(u.Mechanism, u.Name, u.Password))
		}
	}
	if c.ACLs {
		opts = append(opts, kfake.EnableACLs())
	}
	return opts
}

// versions are all the requests that the library knows, without
// DescribeTopicPartitions: its answer to that one makes Java's admin client fail
// with a null pointer, and every client can do without.
func versions() *kversion.Versions {
	var v kversion.Versions
	for key := range int16(kmsg.MaxKey + 1) {
		if r := kmsg.RequestForKey(key); r != nil && key != kmsg.DescribeTopicPartitions.Int16() {
			v.SetMaxKeyVersion(key, r.MaxVersion())
		}
	}
	return &v
}

// Addr returns the bootstrap list: HOST:PORT of each node, separated by commas.
func (b *Broker) Addr() string { return b.addr }

// Loopback reports whether only programs on this machine can reach the broker.
func (b *Broker) Loopback() bool { return b.listeners.loopback() }

// Close ends the broker and cuts its connections. With a directory it writes
// out what restarts need; the error is that of writing. A second Close returns
// what the first did.
func (b *Broker) Close() error {
	b.closing.Do(func() {
		b.leave()
		b.tending.Wait()
		b.logger.collect()
		b.cluster.Close()
		b.listeners.close()
		b.err = errors.Join(b.logger.collected(), b.dir.close())
	})
	return b.err
}

package kafka

import (
	"cmp"
	"context"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// API is a kind of request that a broker answers, with the range of its versions.
type API struct {
	Key      int
	Name     string // empty when the client has none for it
	Min, Max int
}

// apisLimit bounds the wait for what the client logs behind its first answer.
const apisLimit = 2 * time.Second

// APIs returns the requests that the first broker to answer supports, sorted by key. The
// client publishes the list only in its debug log, which is parsed here. The result is
// empty if the log does not contain it.
func APIs(ctx context.Context, cfg Config) ([]API, error) {
	c := apiCollector{found: map[int]API{}, complete: make(chan struct{})}
	hand := cfg.Log
	cfg.Log = func(l Log) {
		if !c.add(l.Message) && hand != nil {
			hand(l)
		}
	}
	if set := cfg.Properties["debug"]; set != "" {
		cfg.Properties = maps.Clone(cfg.Properties)
		cfg.Properties["debug"] = set + ",feature"
	} else {
		cfg.Debug = strings.TrimPrefix(cfg.Debug+",feature", ",")
	}
	admin, err := OpenAdmin(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	if _, err := admin.Cluster(ctx); err != nil {
		return nil, err
	}
	limit := time.NewTimer(apisLimit)
	defer limit.Stop()
	select {
	case <-c.complete:
	case <-limit.C:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	return c.list(), nil
}

// apiCollector reads librdkafka's debug log of the context "feature".
type apiCollector struct {
	mu       sync.Mutex
	broker   string // whose list is read
	found    map[int]API
	ended    bool
	complete chan struct{} // closed by add when the list is at its end
}

// apiLine is a line of the list:
//
//	[thrd:127.0.0.1:9092/bootstrap]: 127.0.0.1:9092/bootstrap:   ApiKey Fetch (1) Versions 4..18
var apiLine = regexp.MustCompile(`^\[thrd:[^]]*\]: (\S+): +ApiKey (\S+) \((\d+)\) Versions (\d+)\.\.(\d+)$`)

// add parses a line of the log, and reports whether the line is one that only the debug
// context "feature" produces.
func (c *apiCollector) add(line string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := apiLine.FindStringSubmatch(line)
	if m == nil {
		feature := strings.Contains(line, "Feature ") || strings.Contains(line, "Enabling feature ")
		if feature && c.broker != "" && !c.ended && strings.Contains(line, ": "+c.broker+": ") {
			c.ended = true
			close(c.complete)
		}
		return feature || strings.HasSuffix(line, ": Broker API support:")
	}
	if c.broker == "" {
		c.broker = m[1]
	}
	if c.broker != m[1] || c.ended {
		return true
	}
	var numbers [3]int
	for i, text := range m[3:] {
		n, err := strconv.Atoi(text)
		if err != nil {
			return true
		}
		numbers[i] = n
	}
	name := strings.TrimSuffix(m[2], "Request")
	if strings.HasPrefix(name, "Unknown-") {
		name = ""
	}
	c.found[numbers[0]] = API{numbers[0], name, numbers[1], numbers[2]}
	return true
}

func (c *apiCollector) list() []API {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Values(c.found), func(a, b API) int { return cmp.Compare(a.Key, b.Key) })
}

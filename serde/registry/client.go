package registry

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/sr"
)

// Config is the addresses of a registry and how to authenticate.
type Config struct {
	// URLs are tried in order; what answered is asked first from then on. With
	// mock://NAME as the only one, the registry lives in this Client and nowhere else.
	URLs []string

	Username, Password string // basic authentication, unless both are empty
	Token              string // bearer authentication, instead

	CA, Cert, Key string // PEM, or files of it: whom to trust instead of the system's, who we are
	Insecure      bool   // trust anybody

	// Timeout bounds each question with all its repetitions; 0 means 10 seconds.
	Timeout time.Duration
	// Rest is for readers that can do without answers: a registry that has failed is left
	// alone for a second, then for longer, up to half a minute. In that time questions get
	// the failure at once, so that an outage costs one Timeout and not one a question.
	Rest bool
	// Now returns the time; nil means time.Now.
	Now func() time.Time
}

// Client is a schema registry. It is safe for concurrent use.
type Client struct {
	nodes     []node
	preferred atomic.Int64 // the node that answered last
	timeout   time.Duration
	secrets   *strings.Replacer // takes the credentials out of a text
	cache     *cache
	rest      *rest // nil without Config.Rest
	mock      bool
	now       func() time.Time
	clock     atomic.Pointer[moment] // nil until an answer has told the time
}

// node is one URL of the registry.
type node struct {
	url    string // for people, without credentials
	client *sr.Client
}

// Open returns a Client. It reads the files that c names and makes no connection.
func Open(c Config) (*Client, error) {
	if len(c.URLs) == 0 {
		return nil, errors.New("no URL of a schema registry")
	}
	cl := &Client{timeout: c.Timeout, secrets: secretsOf(c), cache: newCache(c.Now), now: c.Now}
	if cl.now == nil {
		cl.now = time.Now
	}
	if cl.timeout <= 0 {
		cl.timeout = 10 * time.Second
	}
	if c.Rest {
		cl.rest = newRest(c.Now)
	}
	if strings.HasPrefix(c.URLs[0], mockScheme) && len(c.URLs) == 1 {
		return cl.openMock(c.URLs[0])
	}
	transport, err := newTransport(c)
	if err != nil {
		return nil, err
	}
	for _, text := range c.URLs {
		if err := cl.addNode(c, text, bounded{transport, cl}); err != nil {
			return nil, err
		}
	}
	return cl, nil
}

// addNode parses a URL, whose user and password count where c has none.
func (c *Client) addNode(config Config, text string, transport http.RoundTripper) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return fmt.Errorf("%s: a schema registry has an http:// or https:// URL", c.secrets.Replace(text))
	}
	if u.User != nil && config.Username == "" && config.Token == "" {
		config.Username = u.User.Username()
		config.Password, _ = u.User.Password()
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	opts := []sr.ClientOpt{
		sr.URLs(u.String()),
		sr.HTTPClient(&http.Client{Transport: transport}),
		sr.UserAgent("kstream"),
	}
	switch {
	case config.Token != "":
		opts = append(opts, sr.BearerToken(config.Token))
	case config.Username != "" || config.Password != "":
		opts = append(opts, sr.BasicAuth(config.Username, config.Password))
	}
	client, err := sr.NewClient(opts...)
	if err != nil {
		return err
	}
	c.nodes = append(c.nodes, node{url: strings.TrimSuffix(u.String(), "/"), client: client})
	return nil
}

// secretsOf hides what must never be shown. A user name is no secret.
func secretsOf(c Config) *strings.Replacer {
	var pairs []string
	hide := func(secret string) {
		if secret != "" {
			pairs = append(pairs, secret, "***")
		}
	}
	for _, text := range c.URLs {
		if u, err := url.Parse(text); err == nil && u.User != nil {
			password, _ := u.User.Password()
			hide(password)
			if _, escaped, ok := strings.Cut(u.User.String(), ":"); ok {
				hide(escaped)
			}
		}
	}
	hide(c.Password)
	hide(c.Token)
	return strings.NewReplacer(pairs...)
}

// URL returns the first address, without secrets.
func (c *Client) URL() string { return c.nodes[0].url }

// Mock reports whether the registry lives in this process; such a one finds every schema
// compatible with every other.
func (c *Client) Mock() bool { return c.mock }

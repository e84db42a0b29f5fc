package doctor

import (
	"context"
	"crypto/tls"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"kstream/cmd/cli"
	"kstream/kafka"
	"kstream/kafka/probe"
)

// steps are the checks of a connection, in order.
var steps = [...]struct {
	step probe.Step
	name string
}{
	{probe.Resolve, "dns"},
	{probe.Connect, "tcp"},
	{probe.Handshake, "tls"},
	{probe.Versions, "versions"},
	{probe.SASL, "sasl"},
	{probe.Metadata, "metadata"},
}

// short is a time for people.
func short(d time.Duration) string { return d.Round(100 * time.Microsecond).String() }

// brokers looks at each bootstrap server, then at those that they advertise, and then lets
// librdkafka connect as commands do.
func (x *examination) brokers(ctx context.Context, cfg kafka.Config) {
	reports := probeAll(ctx, cfg, cfg.Brokers)
	works := slices.ContainsFunc(reports, func(r probe.Report) bool { return r.Problem == nil })
	for i, r := range reports {
		x.connection(cfg, cfg.Brokers[i], r, works)
	}
	if !works {
		for _, name := range []string{"advertised", "client", "topic", "group"} {
			x.add(name, skip, "", "no bootstrap server can be used")
		}
		return
	}
	x.advertised(ctx, cfg, reports)
	x.client(ctx, cfg)
}

func probeAll(ctx context.Context, cfg kafka.Config, addresses []string) []probe.Report {
	ctx, cancel := context.WithTimeout(ctx, cfg.Timeout)
	defer cancel()
	reports := make([]probe.Report, len(addresses))
	var all sync.WaitGroup
	for i, address := range addresses {
		all.Go(func() { reports[i] = kafka.Probe(ctx, cfg, address) }) // ends with ctx
	}
	all.Wait()
	return reports
}

// connection adds a row for each step. Where another server works, one that does not is no
// failure.
func (x *examination) connection(cfg kafka.Config, address string, r probe.Report, works bool) {
	for _, s := range steps {
		switch {
		case r.Problem != nil && s.step == r.Step && works:
			x.add(s.name, warn, cli.Remedy(kafka.ConnectError(r.Problem)), "%v", r.Problem)
		case r.Problem != nil && s.step == r.Step:
			x.failed(s.name, kafka.ConnectError(r.Problem))
		case r.Problem != nil && s.step > r.Step:
			x.add(s.name, skip, "", "%s: not reached", address)
		case s.step >= r.Step && r.Step != probe.Done:
			x.add(s.name, skip, "", "%s: only librdkafka can, see client", address)
		default:
			x.passed(cfg, s.step, s.name, address, r)
		}
	}
}

// certificateNotice is how long before its end a certificate is warned of.
const certificateNotice = 30 * 24 * time.Hour

// passed adds the row of a step that went well.
func (x *examination) passed(cfg kafka.Config, step probe.Step, name, address string, r probe.Report) {
	switch step {
	case probe.Resolve:
		x.add(name, ok, "", "%s: %s", address, strings.Join(r.IPs, ", "))
	case probe.Connect:
		x.add(name, ok, "", "%s: connected in %s", address, short(r.RoundTrip))
	case probe.Handshake:
		if r.TLS == nil {
			x.add(name, skip, "", "%s: plaintext, as security.protocol says", address)
			return
		}
		leaf := r.TLS.PeerCertificates[0]
		left := leaf.NotAfter.Sub(x.env.Now())
		status, remedy := ok, ""
		if left < certificateNotice {
			status, remedy = warn, "the broker needs a new certificate soon"
		}
		x.add(name, status, remedy, "%s: %s, %s by %s until %s (%d days)", address, tls.VersionName(r.TLS.Version),
			leaf.Subject, leaf.Issuer, leaf.NotAfter.UTC().Format(time.DateOnly), int(left.Hours()/24))
	case probe.Versions:
		like := ""
		if strings.HasPrefix(r.Software, "v") { // one release, and not a guess between several
			like = ", as Apache Kafka " + r.Software
		}
		x.add(name, ok, "", "%s: %d requests%s", address, len(r.Versions), like)
	case probe.SASL:
		if mechanism := cfg.Properties["sasl.mechanism"]; strings.HasPrefix(strings.ToUpper(cfg.Properties["security.protocol"]), "SASL") {
			x.add(name, ok, "", "%s: %s by %s", address, principalOf(cfg), mechanism)
		} else {
			x.add(name, skip, "", "%s: no login, as security.protocol says", address)
		}
	case probe.Metadata:
		x.add(name, ok, "", "%s: cluster %s, %s", address, r.ClusterID, cli.Count(int64(len(r.Brokers)), "broker"))
	}
}

// advertised connects to the addresses that clients are told.
func (x *examination) advertised(ctx context.Context, cfg kafka.Config, reports []probe.Report) {
	const name = "advertised"
	var brokers []probe.Broker
	for _, r := range reports {
		for _, b := range r.Brokers {
			if !slices.Contains(brokers, b) {
				brokers = append(brokers, b)
			}
		}
	}
	if len(brokers) == 0 {
		x.add(name, skip, "", "not known, see client")
		return
	}
	addresses := make([]string, len(brokers))
	for i, b := range brokers {
		addresses[i] = b.Address()
	}
	good := 0
	for i, r := range probeAll(ctx, cfg, addresses) {
		switch {
		case r.Problem == nil:
			good++
		case r.Step <= probe.Connect:
			x.failed(name, kafka.ConnectError(probe.NewAdvertised(strings.Join(cfg.Brokers, ","), brokers[i].ID, r.Problem)))
		default:
			x.failed(name, kafka.ConnectError(r.Problem))
		}
	}
	if good == len(brokers) {
		x.add(name, ok, "", "%s: %s", cli.Count(int64(good), "broker"), strings.Join(addresses, ", "))
	}
}

// client connects as commands do, and asks what the user may do to the named topic and
// group.
func (x *examination) client(ctx context.Context, cfg kafka.Config) {
	began := x.env.Now()
	admin, err := kafka.OpenAdmin(ctx, cfg)
	if err != nil {
		x.failed("client", err)
		for _, name := range []string{"topic", "group"} {
			x.add(name, skip, "", "the client does not connect")
		}
		return
	}
	defer admin.Close()
	x.add("client", ok, "", "librdkafka connected in %s", short(x.env.Now().Sub(began)))
	x.topic(ctx, cfg, admin)
	x.group(ctx, cfg, admin)
}

func (x *examination) topic(ctx context.Context, cfg kafka.Config, admin *kafka.Admin) {
	const name = "topic"
	topic := x.flags.Topic
	if topic == "" {
		x.add(name, skip, "", "--topic names one to check the rights on")
		return
	}
	partitions, rights, err := admin.TopicRights(ctx, topic)
	if err != nil {
		x.failed(name, err)
		return
	}
	x.rights(cfg, name, topic, cli.Count(int64(partitions), "partition"), rights, "read", "write")
}

func (x *examination) group(ctx context.Context, cfg kafka.Config, admin *kafka.Admin) {
	const name = "group"
	group := x.flags.Group
	if group == "" {
		x.add(name, skip, "", "--group names one to check the rights on")
		return
	}
	state, rights, err := admin.GroupRights(ctx, group)
	if err != nil {
		x.failed(name, err)
		return
	}
	what := "state " + string(state)
	if state == kafka.GroupDead {
		what = "no such group yet"
	}
	x.rights(cfg, name, group, what, rights, "read")
}

// rights warns of each that is wanted and not there.
func (x *examination) rights(cfg kafka.Config, kind, name, what string, has []string, wanted ...string) {
	if has == nil {
		x.add(kind, skip, "", "%s: %s; the broker does not tell rights", name, what)
		return
	}
	var missing, flags []string
	for _, right := range wanted {
		if !slices.Contains(has, right) {
			missing = append(missing, strings.ToUpper(right))
			flags = append(flags, "--operation "+right)
		}
	}
	if len(missing) == 0 {
		x.add(kind, ok, "", "%s: %s; allowed: %s", name, what, strings.Join(has, ", "))
		return
	}
	x.add(kind, warn, fmt.Sprintf("kstream acl create --principal %s %s --%s %s", principalOf(cfg), strings.Join(flags, " "), kind, name),
		"%s: %s; not allowed: %s", name, what, strings.Join(missing, ", "))
}

// principalOf is who brokers take us for, as far as the settings tell.
func principalOf(cfg kafka.Config) string {
	if p := cfg.Principal(); p != "" {
		return p
	}
	return "User:NAME"
}

// clockTolerance is by how much two clocks may differ before that is warned of: tokens and
// signatures are refused from a few minutes on.
const clockTolerance = 30 * time.Second

// clock compares the time with that of the schema registry, if one has answered, else with
// that of the program: brokers do not tell theirs.
func (x *examination) clock() {
	now := x.env.Now().UTC()
	if client := x.flags.Cluster.Schemas; client != nil && client.Client != nil {
		if ahead, told := client.Ahead(); told {
			if ahead.Abs() > clockTolerance {
				way := "ahead of"
				if ahead < 0 {
					way = "behind"
				}
				x.add("clock", warn, "set the clock, here or there: tokens, certificates and times of records depend on it", "%s, %v %s the registry's",
					now.Format(time.RFC3339), ahead.Abs().Round(time.Second), way)
				return
			}
			x.add("clock", ok, "", "%s, as the registry's", now.Format(time.RFC3339))
			return
		}
	}
	if info, known := debug.ReadBuildInfo(); known {
		for _, s := range info.Settings {
			if built, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil && now.Before(built) {
				x.add("clock", warn, "set the clock: certificates and tokens depend on it", "%s, before this program was made (%s)",
					now.Format(time.RFC3339), built.Format(time.RFC3339))
				return
			}
		}
	}
	x.add("clock", ok, "", "%s", now.Format(time.RFC3339))
}

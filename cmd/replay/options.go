package replay

import (
	"slices"
	"strings"

	"kstream/cmd/cli"
	"kstream/cmd/connect"
	"kstream/cmd/record"
)

// DefaultIDPrefix begins the transactional id, before the name of the progress.
const DefaultIDPrefix = "kstream-replay-"

// Options is the command line as typed. Plan checks it.
type Options struct {
	Reading record.Options
	Exit    bool
	Count   int64
	Limit   cli.Duration
	Other   connect.OtherOptions

	SetHeaders, DropHeaders  []string
	Masks                    []string
	KeyFrom                  string
	Partitioning, Timestamps string
	Compression              string
	ExactlyOnce, Restart     bool
	Name                     string
	IDPrefix                 string // of the transactional id
	Speed, Rate              string
	Create, DryRun, Verify   bool
	Redrive                  bool
	RedriveHeader            string
	RedriveAllow             string
	MaxRetries               int
	OnError                  string
	Output                   string
	Set                      func(name string) bool
}

// check refuses flags that contradict each other or mean nothing together.
func (f *Options) check(args []string) error {
	needs := func(flag, other string, given bool) error {
		if f.Set(flag) && !given {
			return cli.Usagef("--%s goes with %s", flag, other)
		}
		return nil
	}
	if err := cli.FirstOf(
		needs("redrive-header", "--redrive", f.Redrive),
		needs("redrive-allow", "--redrive", f.Redrive),
		needs("max-retries", "--redrive", f.Redrive),
		needs("transactional-id-prefix", "--exactly-once or --redrive", f.ExactlyOnce || f.Redrive),
		needs("restart", "--name or --exactly-once", f.keepsProgress()),
		cli.CheckPositive(f.Set, cli.FlagValue{Name: "count", N: f.Count}, cli.FlagValue{Name: "for", N: int64(f.Limit.D)}),
	); err != nil {
		return err
	}
	oneOf := func(flag, value string, values ...string) error {
		if !slices.Contains(values, value) {
			return cli.Usagef("--%s %s: want %s", flag, value, strings.Join(values, " or "))
		}
		return nil
	}
	if err := cli.FirstOf(
		oneOf("timestamps", f.Timestamps, "keep", "now"),
		oneOf("output", f.Output, "text", "json"),
	); err != nil {
		return err
	}
	switch {
	case f.Redrive && len(args) == 2:
		return cli.Usagef("--redrive sends each record to the topic that it names: leave %s out", args[1])
	case !f.Redrive && len(args) == 1:
		return cli.Hint(cli.Usagef("replay %s: want SRC and DST", args[0]), "--redrive sends dead letters back and needs no DST")
	case f.Set("partitioning") && f.Partitioning != "keep" && f.Partitioning != "key":
		return cli.Usagef("--partitioning %s: want keep or key", f.Partitioning)
	case f.Set("speed") && f.Set("rate"):
		return cli.Usagef("--speed and --rate exclude each other")
	case f.MaxRetries < 1:
		return cli.Usagef("--max-retries %d: want 1 or more", f.MaxRetries)
	case f.Set("name") && !nameRule.MatchString(f.Name):
		return cli.Usagef("--name %q: want 1 to 200 of a–z, A–Z, 0–9, . _ -", f.Name)
	case f.Redrive && (f.Create || f.Verify):
		return cli.Usagef("--redrive has no DST that --create or --verify could mean")
	case f.DryRun && f.Verify:
		return cli.Usagef("--dry-run writes nothing that --verify could read")
	}
	return nil
}

// keepsProgress reports whether a second run goes on where the first one ended.
func (f *Options) keepsProgress() bool { return f.ExactlyOnce || f.Redrive || f.Name != "" }

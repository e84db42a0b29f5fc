package stats

import (
	"context"
	"maps"
	"strconv"

	"kstream/cmd/cli"
	"kstream/cmd/profile"
	"kstream/cmd/record"
	"kstream/kafka"
	"kstream/output"
	"kstream/serde"
)

// Windows of a sample: at how many places of a partition records are read, and how many
// at least each time. Fewer cost more to ask for than to read.
const (
	statsPlaces = 10
	statsWindow = 50
)

// How much is fetched at once, in bytes: of all partitions together, of one at least, at
// most, and at most for a sample, where what comes behind a window is fetched in vain.
// Unpacked, records take the client ten times as much memory and more.
const (
	statsFetch       = 4 << 20
	statsFetchLeast  = 64 << 10
	statsFetchMost   = 512 << 10
	statsFetchSample = 256 << 10
)

// profiling reads records into the profile of one topic. One goroutine owns it.
type profiling struct {
	*record.Scan
	looker   *record.Looker
	profile  *profile.Profile
	parts    map[int32]*profile.Partition
	sample   int64
	looks    bool // there are steps to run for each record
	record   profile.Record
	previous *profile.Partition // that the newest record belonged to
	id       int32
}

func newProfiling(p *StatsPlan, env *cli.Env, config kafka.Config) *profiling {
	s := &profiling{
		Scan:   &record.Scan{Reading: &record.Reading{Selection: p.Selection, Env: env}, Config: config, Meter: cli.NewMeter(env, "profiled")},
		parts:  map[int32]*profile.Partition{},
		sample: p.sample,
		looks:  p.Filters.Any() || p.Key.Decodes() || p.Value.Decodes(),
	}
	s.profile = profile.New(profile.Options{
		JSON:      !p.Value.Decodes() && p.Value.Rule == output.TextAuto,
		KeyFrames: framesOf(&p.Key), ValueFrames: framesOf(&p.Value), Rules: p.rules,
	})
	return s
}

// framesOf returns what is taken for the frame of a schema: for a serde that reads frames,
// whatever it takes for one.
func framesOf(d *record.Decoding) profile.Frames {
	if d.Serde == nil {
		if d.Rule == output.TextAuto {
			return profile.LikelyFrames
		}
		return profile.NoFrames
	}
	switch d.Serde.Name() {
	case "avro", "protobuf", "jsonschema":
		return profile.AllFrames
	case "auto":
		return profile.LikelyFrames
	}
	return profile.NoFrames
}

// readAll reads the spans, or windows that are spread over them.
func (s *profiling) readAll(ctx context.Context, spans []kafka.Span, topics []kafka.Topic) error {
	s.looker = s.NewLooker()
	for _, span := range spans {
		s.parts[span.Partition] = s.profile.Partition(span.Partition, max(0, span.To-span.From))
	}
	rounds, most := [][]kafka.Span{spans}, statsFetchMost
	if isSampled(spans, s.sample) {
		rounds, most = sampleOf(spans, s.sample), statsFetchSample
	}
	fetch := min(most, max(statsFetchLeast, statsFetch/max(1, len(spans))))
	properties := map[string]string{"max.partition.fetch.bytes": strconv.Itoa(fetch)}
	maps.Copy(properties, s.Config.Properties)
	s.Config.Properties = properties
	for _, round := range rounds {
		s.Total += record.OffsetsOf(round)
	}
	for _, round := range rounds {
		for _, span := range round {
			s.parts[span.Partition].Window(span.From, max(span.From, span.To))
		}
		if err := s.Read(ctx, round, topics, s.add); err != nil {
			return err
		}
	}
	s.TellFailures()
	return nil
}

// isSampled reports whether only about n of the records in spans are read; n of 0 is all.
func isSampled(spans []kafka.Span, n int64) bool { return n > 0 && record.OffsetsOf(spans) > n }

// sampleOf chooses windows with about n offsets in all, each partition having a share of
// them according to its length. A round has one window of a partition at most; those of
// later rounds lie further back in it.
func sampleOf(spans []kafka.Span, n int64) [][]kafka.Span {
	rounds := make([][]kafka.Span, statsPlaces)
	total := record.OffsetsOf(spans)
	for i, span := range spans {
		all := max(0, span.To-span.From)
		share := min(all, max(statsWindow, int64(float64(n)*float64(all)/float64(total))))
		if share == all {
			rounds[0] = append(rounds[0], span)
			continue
		}
		places := min(statsPlaces, max(1, share/statsWindow))
		width := share / places
		first := span.From
		step := (all - width) / max(1, places-1)
		if places == 1 { // somewhere, at another place in each partition
			first += (all - width) * int64(i%statsPlaces) / (statsPlaces - 1)
		}
		for k := range places {
			window := span
			window.From = first + k*step
			if k > 0 && k == places-1 {
				window.From = span.To - width
			}
			window.To = window.From + width
			rounds[k] = append(rounds[k], window)
		}
	}
	for len(rounds[len(rounds)-1]) == 0 {
		rounds = rounds[:len(rounds)-1]
	}
	return rounds
}

// add profiles the records of a batch that the steps let through.
func (s *profiling) add(ctx context.Context, b *kafka.Batch) error {
	for i := range b.Records {
		r := &b.Records[i]
		if s.previous == nil || r.Partition != s.id {
			s.previous, s.id = s.parts[r.Partition], r.Partition
		}
		out := &s.record
		*out = profile.Record{Timestamp: profile.NoTime, Key: r.Key, Value: r.Value}
		if r.TimestampType != kafka.TimestampNone {
			out.Timestamp = r.Timestamp
		}
		for _, h := range r.Headers {
			out.Headers += len(h.Key) + len(h.Value)
			switch h.Key {
			case serde.Key.SchemaHeader():
				out.KeyFrame = h.Value
			case serde.Value.SchemaHeader():
				out.ValueFrame = h.Value
			}
		}
		if s.looks {
			shown := &s.looker.Record
			s.looker.Load(r)
			if keep, err := s.looker.Keep(ctx); err != nil {
				return err
			} else if !keep {
				continue
			}
			if f := &shown.Message.Value; f.Decoded() {
				out.JSON = f.JSON
			}
			out.Undecodable = shown.DecodeErr != nil
		}
		if err := s.profile.Add(s.previous, out); err != nil {
			return err
		}
	}
	return nil
}

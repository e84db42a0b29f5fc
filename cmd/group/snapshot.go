package group

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"kstream/cmd/cli"
	"kstream/kafka"
	"kstream/output"
)

// PartitionLagItem is how far a group is in one partition. What is not known is null.
type PartitionLagItem struct {
	Group     string          `json:"group"`
	Topic     string          `json:"topic"`
	Partition int32           `json:"partition"`
	Start     int64           `json:"start"`
	Committed *int64          `json:"committed"`
	End       int64           `json:"end"`
	Lag       int64           `json:"lag"`
	Lost      int64           `json:"lost"`
	TimeLag   *int64          `json:"time_lag_ms"` // age of the record that comes next
	Member    string          `json:"member"`
	Reason    kafka.LagReason `json:"reason"`
}

// Snapshot is a group at one moment.
type Snapshot struct {
	Info       *kafka.GroupInfo
	Partitions []PartitionLagItem
	at         time.Time
	missing    error // names the partitions of which nothing is known now, and why
}

// missingIn is the error of the first group of which partitions are missing.
func missingIn(snapshots []Snapshot) error {
	for _, s := range snapshots {
		if s.missing != nil {
			return cli.Errorf(cli.CodePartial, "%s: %w", s.Info.Name, s.missing)
		}
	}
	return nil
}

// Topics lists the topics that the group reads, sorted.
func (s *Snapshot) Topics() []string {
	topics := []string{}
	for i := range s.Partitions { // which are sorted
		if name := s.Partitions[i].Topic; len(topics) == 0 || topics[len(topics)-1] != name {
			topics = append(topics, name)
		}
	}
	return topics
}

// Known reports whether the partitions are all there are.
func (s *Snapshot) Known() bool { return s.missing == nil }

// Lag is the sum over the partitions.
func (s *Snapshot) Lag() (total int64) {
	for i := range s.Partitions {
		total += s.Partitions[i].Lag
	}
	return total
}

// Look takes a snapshot of each group that wanted means, without the times of records.
// What is not known of one is a notice.
func Look(ctx context.Context, env *cli.Env, admin *kafka.Admin, wanted Wanted) ([]Snapshot, error) {
	o := &observer{env: env, admin: admin, untimed: true}
	snapshots, err := o.observe(ctx, wanted)
	if err != nil {
		return nil, err
	}
	if err := missingIn(snapshots); err != nil {
		env.Notice("%v", err)
	}
	return snapshots, nil
}

// OfTopics leaves out the partitions of other topics than those that are named, if any are,
// and the groups that then have none.
func OfTopics(snapshots []Snapshot, topics []string) []Snapshot {
	if topics == nil {
		return snapshots
	}
	var chosen []Snapshot
	for _, s := range snapshots {
		s.Partitions = slices.DeleteFunc(slices.Clone(s.Partitions), func(l PartitionLagItem) bool {
			return !slices.Contains(topics, l.Topic)
		})
		if len(s.Partitions) > 0 {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// Open reports whether records wait in a transaction that is not done.
func Open(snapshots []Snapshot) bool {
	return slices.ContainsFunc(snapshots, func(s Snapshot) bool {
		return slices.ContainsFunc(s.Partitions, func(l PartitionLagItem) bool { return l.Reason == kafka.LagOpen })
	})
}

// observer takes snapshots of groups. It remembers what the one before saw: records
// whose time is known are not read again, and a commit that does not move is noticed.
type observer struct {
	env   *cli.Env
	admin *kafka.Admin
	// untimed leaves out the times of records, which have to be read.
	untimed bool
	// stalled is for how long a commit may stand still while records wait; 0: for ever.
	stalled time.Duration

	seen   map[string]map[kafka.TopicPartition]*standing // by group
	warned bool
}

// standing is where a group was seen in a partition.
type standing struct {
	position int64
	since    time.Time // when it was first seen there with records waiting
	timed    bool
	millis   int64 // timestamp of the record there, when timed; negative: it has none
}

// observe takes a snapshot of each group that names mean: see [Wanted]. A group that is
// named and does not exist is an error.
func (o *observer) observe(ctx context.Context, wanted Wanted) ([]Snapshot, error) {
	infos, err := wanted.find(ctx, o.admin)
	if err != nil {
		return nil, err
	}
	if o.seen == nil {
		o.seen = map[string]map[kafka.TopicPartition]*standing{}
	}
	lags, err := o.admin.GroupLags(ctx, infos)
	if err != nil {
		return nil, err
	}
	snapshots := make([]Snapshot, 0, len(infos))
	for i := range infos {
		s := Snapshot{Info: &infos[i], at: o.env.Now()}
		var unanswered *kafka.UnansweredError
		switch err := lags[i].Err; {
		case err != nil && !wanted.Many() && !errors.As(err, &unanswered):
			return nil, err
		case err != nil:
			s.missing = err
		}
		var places map[kafka.TopicPartition]*standing
		if !o.untimed {
			if places, err = o.places(ctx, infos[i].Name, lags[i].Partitions, s.at); err != nil {
				return nil, err
			}
		}
		for j := range lags[i].Partitions {
			l := &lags[i].Partitions[j]
			s.Partitions = append(s.Partitions, o.item(&infos[i], l, places[l.TopicPartition], s.at))
		}
		snapshots = append(snapshots, s)
	}
	return snapshots, nil
}

// places finds, for each partition in which records wait, since when the group stands
// where it does and the time of the record there.
func (o *observer) places(ctx context.Context, group string, lags []kafka.PartitionLag, now time.Time) (map[kafka.TopicPartition]*standing, error) {
	before, places := o.seen[group], map[kafka.TopicPartition]*standing{}
	o.seen[group] = places
	var unread []kafka.Span
	for i := range lags {
		l := &lags[i]
		if l.Lag == 0 {
			continue
		}
		place := before[l.TopicPartition]
		if place == nil || place.position != l.Position() {
			place = &standing{position: l.Position(), since: now}
		}
		places[l.TopicPartition] = place
		if !place.timed {
			unread = append(unread, kafka.Span{TopicPartition: l.TopicPartition, From: l.Position(), To: l.End})
		}
	}
	times, err := o.admin.RecordTimes(ctx, unread)
	if cause := context.Cause(ctx); cause != nil {
		return nil, cause
	}
	if err != nil && !o.warned {
		o.warned = true
		o.env.Notice("time lag is not known everywhere: %v", err)
	}
	for _, s := range unread {
		place := places[s.TopicPartition]
		if millis, ok := times[s.TopicPartition]; ok {
			place.timed, place.millis = true, millis
		} else if err == nil {
			place.timed, place.millis = true, -1
		}
	}
	return places, nil
}

// item joins what the cluster says with what was seen before.
func (o *observer) item(g *kafka.GroupInfo, l *kafka.PartitionLag, place *standing, now time.Time) PartitionLagItem {
	item := PartitionLagItem{
		Group: g.Name, Topic: l.Topic, Partition: l.Partition, Start: l.Start, End: l.End,
		Lag: l.Lag, Lost: l.Lost, Reason: l.Reason,
	}
	if l.Commit != nil {
		item.Committed = &l.Commit.Offset
	}
	if l.Member != nil {
		item.Member = l.Member.ID
	}
	if place == nil && l.Lag > 0 {
		return item // nobody looked
	}
	if place == nil {
		zero := int64(0)
		item.TimeLag = &zero // nothing waits
		return item
	}
	if place.timed && place.millis >= 0 {
		age := max(0, now.UnixMilli()-place.millis)
		item.TimeLag = &age
	}
	if o.stalled > 0 && item.Reason == kafka.LagReasonNil && now.Sub(place.since) >= o.stalled {
		item.Reason = kafka.LagStalled
	}
	return item
}

// LagTable shows partitions; a terminal gets time spans where a pipe gets milliseconds.
func LagTable(l *cli.Listing, items []PartitionLagItem, withGroup bool) *output.Table {
	t := &output.Table{Columns: []output.Column{
		{Name: "group"},
		{Name: "topic"},
		{Name: "partition", Right: true},
		{Name: "committed", Right: true, Minor: true},
		{Name: "end", Right: true, Minor: true},
		{Name: "lag", Right: true},
		{Name: "lost", Right: true, Minor: true},
		{Name: "time_lag_ms", Right: true},
		{Name: "member", Minor: true},
		{Name: "reason"},
	}}
	if !withGroup {
		t.Columns = t.Columns[1:]
	}
	palette := l.Palette()
	for i := range items {
		p := &items[i]
		committed, age := "-", "-"
		if p.Committed != nil {
			committed = strconv.FormatInt(*p.Committed, 10)
		}
		if p.TimeLag != nil {
			age = strconv.FormatInt(*p.TimeLag, 10)
			if l.Env.StdoutTerminal {
				age = output.Duration(time.Duration(*p.TimeLag) * time.Millisecond)
			}
		}
		row := []output.Cell{
			{Text: p.Group},
			{Text: p.Topic},
			{Text: strconv.Itoa(int(p.Partition))},
			{Text: committed},
			{Text: strconv.FormatInt(p.End, 10)},
			{Text: strconv.FormatInt(p.Lag, 10)},
			{Text: strconv.FormatInt(p.Lost, 10)},
			{Text: age},
			{Text: p.Member},
			{Text: string(p.Reason), Style: reasonStyle(p.Reason, palette)},
		}
		if !withGroup {
			row = row[1:]
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func reasonStyle(r kafka.LagReason, p output.Palette) output.Style {
	switch r {
	case kafka.LagReasonNil:
		return p.Good
	case kafka.LagLost, kafka.LagStalled:
		return p.Bad
	}
	return p.Warn
}

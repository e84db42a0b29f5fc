package group

import (
	"strconv"
	"strings"

	"kstream/output"
)

// AppendOpenMetrics appends the snapshots in the text format of OpenMetrics 1.0, which
// Prometheus reads. What is not known has no sample. For a terminal, names are escaped.
func AppendOpenMetrics(dst []byte, snapshots []Snapshot, terminal bool) []byte {
	label := labelValue
	if terminal {
		label = func(s string) string { return output.Escaped(labelValue(s)) }
	}
	family := func(name, help string, value func(*PartitionLagItem) (string, bool)) {
		dst = append(dst, "# TYPE "+name+" gauge\n# HELP "+name+" "+help+"\n"...)
		for _, s := range snapshots {
			for i := range s.Partitions {
				p := &s.Partitions[i]
				text, ok := value(p)
				if !ok {
					continue
				}
				dst = append(dst, name+`{group="`+label(p.Group)+`",topic="`+label(p.Topic)+`",partition="`...)
				dst = strconv.AppendInt(dst, int64(p.Partition), 10)
				dst = append(append(dst, `"} `...), text...)
				dst = append(dst, '\n')
			}
		}
	}
	number := func(n int64) (string, bool) { return strconv.FormatInt(n, 10), true }
	family("kstream_group_lag", "Records that wait for the group.", func(p *PartitionLagItem) (string, bool) { return number(p.Lag) })
	family("kstream_group_lost", "Records deleted before the group read them.", func(p *PartitionLagItem) (string, bool) { return number(p.Lost) })
	family("kstream_group_committed_offset", "Offset that the group has committed.", func(p *PartitionLagItem) (string, bool) {
		if p.Committed == nil {
			return "", false
		}
		return number(*p.Committed)
	})
	family("kstream_group_end_offset", "Offset behind the last record.", func(p *PartitionLagItem) (string, bool) { return number(p.End) })
	family("kstream_group_time_lag_seconds", "Age of the record that comes next.", func(p *PartitionLagItem) (string, bool) {
		if p.TimeLag == nil {
			return "", false
		}
		return strconv.FormatFloat(float64(*p.TimeLag)/1000, 'f', -1, 64), true
	})
	// What users of kafka_exporter have in their dashboards and alarms.
	named := func(name, help string, value func(*PartitionLagItem) (int64, bool)) {
		dst = append(dst, "# TYPE "+name+" gauge\n# HELP "+name+" "+help+"\n"...)
		for _, s := range snapshots {
			for i := range s.Partitions {
				p := &s.Partitions[i]
				if n, ok := value(p); ok {
					dst = append(dst, name+`{consumergroup="`+label(p.Group)+`",topic="`+label(p.Topic)+`",partition="`...)
					dst = strconv.AppendInt(append(strconv.AppendInt(dst, int64(p.Partition), 10), `"} `...), n, 10)
					dst = append(dst, '\n')
				}
			}
		}
	}
	named("kafka_consumergroup_lag", "Records that wait for the group.", func(p *PartitionLagItem) (int64, bool) { return p.Lag, true })
	named("kafka_consumergroup_current_offset", "Offset that the group has committed.", func(p *PartitionLagItem) (int64, bool) {
		if p.Committed == nil {
			return 0, false
		}
		return *p.Committed, true
	})
	dst = append(dst, "# TYPE kafka_consumergroup_members gauge\n# HELP kafka_consumergroup_members Members of the group.\n"...)
	for _, s := range snapshots {
		dst = append(dst, `kafka_consumergroup_members{consumergroup="`+label(s.Info.Name)+`"} `...)
		dst = append(strconv.AppendInt(dst, int64(len(s.Info.Members)), 10), '\n')
	}
	dst = append(dst, "# TYPE kstream_group_members gauge\n# HELP kstream_group_members Members of the group.\n"...)
	for _, s := range snapshots {
		dst = append(dst, `kstream_group_members{group="`+label(s.Info.Name)+`"} `...)
		dst = append(strconv.AppendInt(dst, int64(len(s.Info.Members)), 10), '\n')
	}
	return append(dst, "# EOF\n"...)
}

// labelValue escapes what the format wants escaped.
func labelValue(s string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(s, "\ufffd"))
}

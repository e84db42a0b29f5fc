package record

import (
	"fmt"

	"kstream/cmd/dump"
	"kstream/kafka"
)

// SpansIn turns positions into offsets of a dump.
func (p *Range) SpansIn(d *dump.Reader, topics []kafka.Topic) ([]kafka.Span, error) {
	if err := p.checkPartitions(topics); err != nil {
		return nil, err
	}
	logs, err := logsOf(d, topics)
	if err != nil {
		return nil, DumpError(err)
	}
	var spans []kafka.Span
	for _, one := range topics[0].Partitions {
		tp := kafka.TopicPartition{Topic: topics[0].Name, Partition: one.ID}
		log, there := logs[tp]
		if !there || !p.selects(tp) {
			continue
		}
		from, selected, err := place(d, p.From, tp, log)
		if err != nil {
			return nil, fmt.Errorf("--from-offset %s: %w", p.fromText, err)
		}
		to, ends := log.End, true
		if p.HasTo {
			if to, ends, err = place(d, p.to, tp, log); err != nil {
				return nil, fmt.Errorf("--to-offset %s: %w", p.end, err)
			}
		}
		if selected && ends {
			spans = append(spans, kafka.Span{TopicPartition: tp, From: max(from, log.Start), To: min(to, log.End)})
		}
	}
	return spans, nil
}

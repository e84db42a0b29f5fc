package kafka

import (
	"cmp"
	"context"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// checkCluster notices what concerns no single partition: brokers that are back, and
// topics that changed.
func (r *Reader) checkCluster(ctx context.Context) error {
	r.checkShort()
	if err := r.login.failed(ctx); err != nil {
		return err
	}
	if err := r.probe(ctx); err != nil {
		return err
	}
	select {
	case topics := <-r.topology:
		return r.adopt(ctx, topics)
	default:
		return nil
	}
}

// onError handles an error of the client as a whole.
func (r *Reader) onError(err ck.Error) error {
	r.fatal = r.fatal || err.IsFatal()
	if r.refused != nil {
		if refused := r.refused(err); refused != nil {
			return refused
		}
	}
	switch err.Code() {
	case ck.ErrAllBrokersDown, ck.ErrTransport, ck.ErrResolve, ck.ErrTimedOut:
		if err.Code() == ck.ErrAllBrokersDown && r.downSince.IsZero() {
			r.downSince, r.probed = time.Now(), time.Time{}
		}
		return nil
	case ck.ErrAuthentication, ck.ErrSaslAuthenticationFailed, ck.ErrSsl, ck.ErrTopicAuthorizationFailed:
		if r.login.refused(err) {
			return nil
		}
		return explain(r.cfg, r.logs, err)
	}
	if r.fetcher == nil {
		r.nameless = append(r.nameless, err.Code())
	}
	if err.IsFatal() {
		return explain(r.cfg, r.logs, err)
	}
	return nil // what concerns the group that is not joined, and what librdkafka mends
}

// downPatience is how long all brokers must be away before that is told: a connection
// that was cut is there again sooner.
const downPatience = 2 * time.Second

// suspect acts on errors that came without the partition they concern, as they do on
// the slow path: every partition that is not at its end may be the one.
func (r *Reader) suspect(ctx context.Context) error {
	if len(r.nameless) == 0 {
		return nil
	}
	codes := r.nameless
	r.nameless = nil
	for _, code := range codes {
		switch code {
		case ck.ErrAutoOffsetReset, ck.ErrOffsetOutOfRange, ck.ErrLogTruncation, ck.ErrBadMsg, ck.ErrInvalidMsg, ck.ErrBadCompression:
		default:
			continue // librdkafka mends it
		}
		for _, p := range r.parts {
			if p.atEnd {
				continue
			}
			if err := r.signal(ctx, &Signal{Topic: p.Topic, Partition: p.Partition, Offset: p.next, code: code, Text: code.String()}); err != nil {
				return err
			}
		}
	}
	return nil
}

// answered notes that a broker has sent something.
func (r *Reader) answered() {
	if r.downSince.IsZero() {
		return
	}
	r.downSince = time.Time{}
	if !r.probed.IsZero() { // it was told that none does
		r.pending = append(r.pending, Notice{Kind: NoticeUp, Partition: -1})
	}
}

// probe looks once a second whether a broker answers again: at the end of all
// partitions nothing else would show it. A bounded read gives up after the timeout; an
// endless one waits.
func (r *Reader) probe(ctx context.Context) error {
	if r.downSince.IsZero() || time.Since(r.downSince) < downPatience || time.Since(r.probed) < time.Second {
		return nil
	}
	if preflight(ctx, Config{Brokers: r.cfg.Brokers, Timeout: 500 * time.Millisecond}) == nil {
		if _, err := r.client.GetMetadata(nil, false, 500); err == nil {
			r.answered()
			return nil
		}
	}
	if r.probed.IsZero() {
		r.pending = append(r.pending, Notice{Kind: NoticeDown, Partition: -1, Text: cmp.Or(r.logs.cause(), "connections end")})
	}
	r.probed = time.Now()
	if !r.follow && time.Since(r.downSince) > r.cfg.timeout() {
		return unanswered(r.cfg, r.logs)
	}
	return nil
}

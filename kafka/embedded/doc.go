// Package embedded runs a Kafka broker inside this process, for tests, demos and
// work without a cluster. It needs no Java and starts in milliseconds.
//
// [Start] it, give [Broker.Addr] to any Kafka client, and Close it:
//
//	b, err := embedded.Start(embedded.Config{Topics: []embedded.Topic{{Name: "orders"}}})
//	if err != nil {
//		return err
//	}
//	defer b.Close()
//
// # What it does
//
// It speaks the protocol of Kafka 4 over TCP to librdkafka and to Java's clients and
// tools. There are idempotent and transactional producers (aborted records are
// there for read_uncommitted and hidden from read_committed, forgotten transactions
// are aborted in time), classic groups and KIP-848 groups (server assignors uniform
// and range), SASL, TLS, ACLs, and the administration of topics, partitions,
// settings, groups, offsets, users and records. Offsets are found by time, and by
// the greatest timestamp (KIP-734). A record past message.max.bytes is refused.
// With [Config.Dir] all of it survives a restart, and a SIGKILL too.
//
// Compaction and retention happen once in log.cleaner.backoff.ms, an hour unless
// set, or at [Broker.Clean]; never as long as no topic sets cleanup.policy=compact,
// retention.ms or retention.bytes.
//
// For tests, [Broker.Fail] makes requests fail, [Broker.MoveLeaders] elects leaders,
// and [Broker.WaitGroup] waits for a group.
//
// # What it does not do
//
//   - Replicate. Nodes of one cluster share one log, so none can be lost, and
//     min.insync.replicas counts nothing. There is no controller quorum.
//   - Set timestamps: message.timestamp.type=LogAppendTime is stored, and records
//     keep the time that the producer gave.
//   - Tell compacted topics from others when it deletes by age: there too records
//     older than retention.ms, seven days by default, go. Set it to -1.
//   - Throttle: quotas are stored and not enforced.
//   - Answer DescribeTopicPartitions (API key 75), tiered storage, delegation tokens,
//     or the first version of the SASL handshake; clients fall back.
//   - Stand up to an attacker. What arrives is checked to be a request, but not that
//     every length inside it is honest. Keep it on the loopback address.
//
// The time between two heartbeats of a KIP-848 group is 5 s, as in Kafka, and a
// member learns of changes no sooner: tests want
// group.consumer.heartbeat.interval.ms=100 in [Config.Configs]. librdkafka wants
// enable.metrics.push=false, or it logs a line about telemetry (KIP-714).
package embedded

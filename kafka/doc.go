// Package kafka talks to Kafka clusters: it reads, joins groups, produces and
// administers. It is the only package that does, it knows bytes and offsets only, and
// the client library under it, librdkafka, shows nowhere else.
//
// # What to use first
//
// A [Config] says which cluster and how; [Config.Check] refuses the properties that
// would break a promise. With it
//
//   - [OpenAdmin] asks and changes the cluster. It dials the addresses first, so that a
//     wrong one is said within two seconds; ask something of it before a client is
//     opened that would try for ever.
//   - [OpenReader] reads [Span]s of partitions without a group. [Admin.Topics] and
//     [Admin.Watermarks] give what spans are made from; package position turns what
//     people write into offsets.
//   - [OpenGroup] runs members of a consumer group.
//   - [OpenProducer] sends batches of records, each an [Outgoing], and tells the fate of
//     every record.
//
// Reading a topic from its beginning to where it ends now:
//
//	admin, err := kafka.OpenAdmin(ctx, cfg)
//	if err != nil {
//		return err
//	}
//	defer admin.Close()
//	topics, err := admin.Topics(ctx, "orders")
//	if err != nil {
//		return err
//	}
//	var partitions []kafka.TopicPartition
//	for _, p := range topics[0].Partitions {
//		partitions = append(partitions, kafka.TopicPartition{Topic: "orders", Partition: p.ID})
//	}
//	marks, err := admin.Watermarks(ctx, partitions)
//	if err != nil {
//		return err
//	}
//	var spans []kafka.Span
//	for tp, m := range marks {
//		spans = append(spans, kafka.Span{TopicPartition: tp, From: m.Start, To: m.Stable})
//	}
//	reader, err := kafka.OpenReader(cfg, kafka.ReaderConfig{Spans: spans}, topics)
//	if err != nil {
//		return err
//	}
//	defer reader.Close()
//	return reader.Run(ctx, func(e kafka.Event) error {
//		// e.Notices first; then e.Batch, which is valid until this returns
//		return nil
//	})
//
// # What it promises
//
// Reading: within a partition, records come in the order of their offsets, none twice
// and none left out in silence. What was deleted before it was read, a log that was
// truncated, a topic that was created anew: each is a [Notice]. Checksums are always
// verified.
//
// Groups: only what was acknowledged with [Batch.Ack] is committed, so whoever writes
// records out before that loses none; after a crash some come again. A partition is
// given away when what was fetched from it is written out.
//
// Producing: a record counts as delivered when the broker has acknowledged it, and as
// failed when it was refused or given up, never as both. Between Begin and Commit all
// records of a transaction become visible, or none.
//
// Errors wrap one of the sentinels, such as [ErrUnreachable], or the cause of a context
// that ended; their texts are of one line and begin with the place. Nothing is ever
// printed: what librdkafka logs goes to Config.Log.
//
// Memory: a [Batch] and an [Outgoing] are reused, and the bytes of their records with
// them; copy what is to be kept. The consumers of one process share what they fetch
// ahead, so that memory does not grow with their number.
//
// An Admin may be shared by goroutines. A Reader and a Producer belong to one each,
// but for the methods that say otherwise.
package kafka

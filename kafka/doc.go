// Package kafka is the client of Kafka clusters: it reads, joins groups, produces and
// administers. It deals in bytes and offsets only, and hides the client library that it is
// built on, librdkafka.
//
// # What to use first
//
// A [Config] is which cluster to connect to and how; [Config.Check] refuses properties that
// would break a promise of this package. With it
//
//   - [OpenAdmin] describes and changes the cluster. It dials the addresses first, so that
//     a wrong one is reported within two seconds. Make a request with it before opening one
//     of the other clients, which retry forever.
//   - [OpenReader] reads [Span]s of partitions without a group. Spans are made from the
//     results of [Admin.Topics] and [Admin.Watermarks]; package position resolves what
//     users write to offsets.
//   - [OpenGroup] runs members of a consumer group.
//   - [OpenProducer] sends batches of records, each an [Outgoing], and reports the fate of
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
// and none left out silently. Records deleted before they were read, a truncated log and a
// topic that was deleted and created again are each reported by a [Notice]. Checksums are
// always verified.
//
// Groups: only what was acknowledged with [Batch.Ack] is committed, so a program that
// acknowledges records after it has written them loses none; after a crash some come
// again. A member gives a partition up only when what it fetched from it is written out.
//
// Producing: a record counts as delivered when the broker has acknowledged it, and as
// failed when it was refused or abandoned, never as both. The records sent between Begin
// and Commit become visible all together or not at all.
//
// Errors wrap one of the sentinels, such as [ErrUnreachable], or the cause of a context
// that ended; their texts are one line and begin with the place. Nothing is ever
// printed: what librdkafka logs is passed to Config.Log.
//
// Memory: a [Batch] and an [Outgoing] are reused together with the bytes of their records;
// copy what is to be kept. The consumers of one process share a budget for prefetched
// records, so that memory does not grow with their number.
//
// An Admin is safe for concurrent use. A Reader and a Producer are not, except for the
// methods that are documented to be.
package kafka

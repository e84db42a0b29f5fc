// The part of librdkafka's stable C interface that the batch paths need beside
// confluent-kafka-go. The symbols are weak: they resolve to the librdkafka that
// confluent-kafka-go links into the same program, and are NULL without it.
#ifndef KSTREAM_NATIVE_H
#define KSTREAM_NATIVE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct rd_kafka_s rd_kafka_t;
typedef struct rd_kafka_queue_s rd_kafka_queue_t;
typedef struct rd_kafka_topic_s rd_kafka_topic_t;
typedef struct rd_kafka_headers_s rd_kafka_headers_t;
typedef struct rd_kafka_consumer_group_metadata_s rd_kafka_consumer_group_metadata_t;

typedef struct rd_kafka_message_s {
  int err;
  rd_kafka_topic_t *rkt;
  int32_t partition;
  void *payload;
  size_t len;
  void *key;
  size_t key_len;
  int64_t offset;
  void *_private;
} rd_kafka_message_t;

// ks_record describes one fetched message. Lengths of -1 are nulls. The bytes follow
// each other in the arena: key, value, then headers as ks_copy packs them. For a
// message with err the value is librdkafka's text.
typedef struct {
  int64_t offset, timestamp;
  int64_t key_len, value_len, headers_len;
  int32_t partition, err, timestamp_type, header_count, topic, leader_epoch;
} ks_record;

// ks_batch is the state of one fetcher, reused from batch to batch.
typedef struct {
  rd_kafka_message_t **messages;
  ks_record *records;
  const char **topics; // names, valid until ks_release
  int32_t capacity, count, topic_count;
  int64_t bytes; // that ks_copy will write
} ks_batch;

int ks_complete(void);

// ks_log is a line that librdkafka logged.
typedef struct {
  int32_t level;
  char tag[32];
  char text[2048]; // as long as librdkafka makes one
} ks_log;

// ks_log_queue puts log lines into a queue of their own: those that wait, and all others.
rd_kafka_queue_t *ks_log_queue(rd_kafka_t *rk);

// ks_log_wait waits for a line, or until ks_queue_yield wakes it: then it returns 0.
int ks_log_wait(rd_kafka_queue_t *q, ks_log *line);

ks_batch *ks_batch_new(int32_t capacity);
void ks_batch_free(ks_batch *b);
int32_t ks_fetch(rd_kafka_queue_t *q, ks_batch *b, int timeout_ms);
void ks_copy(ks_batch *b, unsigned char *arena);
void ks_release(ks_batch *b);

rd_kafka_queue_t *ks_queue_new(rd_kafka_t *rk);
void ks_queue_destroy(rd_kafka_queue_t *q);
void ks_queue_yield(rd_kafka_queue_t *q);
int ks_forward(rd_kafka_t *rk, const char *topic, int32_t partition, rd_kafka_queue_t *to);

typedef struct rd_kafka_topic_partition_list_s rd_kafka_topic_partition_list_t;

rd_kafka_topic_partition_list_t *ks_offsets_new(int n);
void ks_offsets_add(rd_kafka_topic_partition_list_t *list, const char *topic, int32_t partition, int64_t offset);
int ks_commit(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *offsets, int timeout_ms);

char *ks_member_id(rd_kafka_t *rk);
int32_t ks_generation(rd_kafka_t *rk);
int ks_fatal(rd_kafka_t *rk);

#endif

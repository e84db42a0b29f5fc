// Producing: the part of librdkafka's stable C interface that the packed path needs.
#ifndef KSTREAM_NATIVE_PRODUCE_H
#define KSTREAM_NATIVE_PRODUCE_H

#include "native.h"

typedef struct rd_kafka_op_s rd_kafka_event_t;

int ks_complete_produce(void);

// ks_out is one record to produce; offsets are into the packed buffer, lengths of -1
// are nulls. header_count headers stand packed at headers: two lengths of four bytes,
// the name, the value. err is why the record was not queued.
typedef struct {
  int64_t key, key_len, value, value_len, headers, timestamp;
  int32_t partition, header_count, err, unused;
} ks_out;

rd_kafka_topic_t *ks_topic_new(rd_kafka_t *rk, const char *name);
void ks_topic_destroy(rd_kafka_topic_t *t);
int32_t ks_produce(rd_kafka_t *rk, rd_kafka_topic_t *topic, const unsigned char *buf, ks_out *out, int32_t n,
                   int64_t first, int32_t *refused, int32_t *stop);

// ks_report is the fate of one record, by the number that ks_produce gave it.
typedef struct {
  int64_t sequence, offset, timestamp;
  int32_t partition, err;
} ks_report;

// ks_run is a number of delivered records that were sent together: the number of one
// of them stands for all.
typedef struct {
  int64_t sequence, count;
} ks_run;

// ks_poller is what a producer's event queue had: the fate of records, or an error of the
// client. Reports are of the failed records, or of all when want_all is set; runs are of
// the others. Both are valid until the next poll.
typedef struct {
  ks_report *reports;
  ks_run *runs;
  int64_t bytes; // of delivered keys and values
  int32_t report_count, report_capacity, run_count, run_capacity;
  int32_t err, fatal, want_all, group;
  char text[2048]; // of the error
} ks_poller;

// ks_poller_new makes one that joins records whose numbers are alike but for the
// remainder of a division by group.
ks_poller *ks_poller_new(int want_all, int32_t group);
void ks_poller_free(ks_poller *p);
int ks_poll(rd_kafka_t *rk, rd_kafka_queue_t *q, int timeout_ms, ks_poller *p);

// ks_flush waits until all records are reported, or for a time; while it does, none
// waits for others to share its batch.
void ks_flush(rd_kafka_t *rk, int timeout_ms);

rd_kafka_queue_t *ks_queue_main(rd_kafka_t *rk);
#endif

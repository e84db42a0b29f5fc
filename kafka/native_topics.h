// Asking one broker, not any, for a topic: the part of librdkafka's stable C interface that
// confluent-kafka-go does not hand on.
#ifndef KSTREAM_NATIVE_TOPICS_H
#define KSTREAM_NATIVE_TOPICS_H

#include "native.h"

// ks_topic_view is what one broker says about a topic. err is Kafka's or librdkafka's code
// of what stands against an answer; told says that it is the broker's own.
typedef struct {
  int32_t err, told, partitions, led;
  char id[40];
} ks_topic_view;

int ks_complete_topics(void);
rd_kafka_queue_t *ks_ask_topic(rd_kafka_t *rk, int32_t broker, const char *topic, int timeout_ms);
int ks_topic_answer(rd_kafka_queue_t *q, int timeout_ms, ks_topic_view *out);

#endif

#include "native_topics.h"

#include <stdio.h>
#include <string.h>

#define WEAK __attribute__((weak))

typedef struct rd_kafka_op_s rd_kafka_event_t;
typedef struct rd_kafka_AdminOptions_s rd_kafka_AdminOptions_t;
typedef struct rd_kafka_TopicCollection_s rd_kafka_TopicCollection_t;
typedef struct rd_kafka_TopicDescription_s rd_kafka_TopicDescription_t;
typedef struct rd_kafka_TopicPartitionInfo_s rd_kafka_TopicPartitionInfo_t;
typedef struct rd_kafka_Node_s rd_kafka_Node_t;
typedef struct rd_kafka_Uuid_s rd_kafka_Uuid_t;
typedef struct rd_kafka_error_s rd_kafka_error_t;

extern rd_kafka_queue_t *rd_kafka_queue_new(rd_kafka_t *) WEAK;
extern rd_kafka_event_t *rd_kafka_queue_poll(rd_kafka_queue_t *, int) WEAK;
extern int rd_kafka_event_error(rd_kafka_event_t *) WEAK;
extern void rd_kafka_event_destroy(rd_kafka_event_t *) WEAK;
extern rd_kafka_AdminOptions_t *rd_kafka_AdminOptions_new(rd_kafka_t *, int) WEAK;
extern void rd_kafka_AdminOptions_destroy(rd_kafka_AdminOptions_t *) WEAK;
extern int rd_kafka_AdminOptions_set_broker(rd_kafka_AdminOptions_t *, int32_t, char *, size_t) WEAK;
extern int rd_kafka_AdminOptions_set_request_timeout(rd_kafka_AdminOptions_t *, int, char *, size_t) WEAK;
extern rd_kafka_TopicCollection_t *rd_kafka_TopicCollection_of_topic_names(const char **, size_t) WEAK;
extern void rd_kafka_TopicCollection_destroy(rd_kafka_TopicCollection_t *) WEAK;
extern void rd_kafka_DescribeTopics(rd_kafka_t *, const rd_kafka_TopicCollection_t *, const rd_kafka_AdminOptions_t *, rd_kafka_queue_t *) WEAK;
extern const rd_kafka_event_t *rd_kafka_event_DescribeTopics_result(rd_kafka_event_t *) WEAK;
extern const rd_kafka_TopicDescription_t **rd_kafka_DescribeTopics_result_topics(const rd_kafka_event_t *, size_t *) WEAK;
extern const rd_kafka_error_t *rd_kafka_TopicDescription_error(const rd_kafka_TopicDescription_t *) WEAK;
extern const rd_kafka_Uuid_t *rd_kafka_TopicDescription_topic_id(const rd_kafka_TopicDescription_t *) WEAK;
extern const rd_kafka_TopicPartitionInfo_t **rd_kafka_TopicDescription_partitions(const rd_kafka_TopicDescription_t *, size_t *) WEAK;
extern const rd_kafka_Node_t *rd_kafka_TopicPartitionInfo_leader(const rd_kafka_TopicPartitionInfo_t *) WEAK;
extern int rd_kafka_Node_id(const rd_kafka_Node_t *) WEAK;
extern const char *rd_kafka_Uuid_base64str(const rd_kafka_Uuid_t *) WEAK;
extern int rd_kafka_error_code(const rd_kafka_error_t *) WEAK;

// Constants of rdkafka.h, part of its stable interface.
enum { ADMIN_OP_ANY = 0, ERR_FAIL = -196 };

int ks_complete_topics(void) {
  return rd_kafka_queue_new && rd_kafka_queue_poll && rd_kafka_event_error && rd_kafka_event_destroy &&
         rd_kafka_AdminOptions_new && rd_kafka_AdminOptions_destroy && rd_kafka_AdminOptions_set_broker &&
         rd_kafka_AdminOptions_set_request_timeout && rd_kafka_TopicCollection_of_topic_names &&
         rd_kafka_TopicCollection_destroy && rd_kafka_DescribeTopics && rd_kafka_event_DescribeTopics_result &&
         rd_kafka_DescribeTopics_result_topics && rd_kafka_TopicDescription_error && rd_kafka_TopicDescription_topic_id &&
         rd_kafka_TopicDescription_partitions && rd_kafka_TopicPartitionInfo_leader && rd_kafka_Node_id &&
         rd_kafka_Uuid_base64str && rd_kafka_error_code;
}

// ks_ask_topic asks a broker for a topic. The answer, or that there was none in time, comes
// to the queue, which may be destroyed before.
rd_kafka_queue_t *ks_ask_topic(rd_kafka_t *rk, int32_t broker, const char *topic, int timeout_ms) {
  char why[256];
  rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
  rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(rk, ADMIN_OP_ANY);
  rd_kafka_TopicCollection_t *topics = rd_kafka_TopicCollection_of_topic_names(&topic, 1);
  rd_kafka_AdminOptions_set_broker(options, broker, why, sizeof why);
  rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, why, sizeof why);
  rd_kafka_DescribeTopics(rk, topics, options, q);
  rd_kafka_TopicCollection_destroy(topics);
  rd_kafka_AdminOptions_destroy(options);
  return q;
}

// ks_topic_answer waits for the answer and says whether it has come.
int ks_topic_answer(rd_kafka_queue_t *q, int timeout_ms, ks_topic_view *out) {
  rd_kafka_event_t *answer = rd_kafka_queue_poll(q, timeout_ms);
  if (!answer) return 0;
  memset(out, 0, sizeof *out);
  const rd_kafka_TopicDescription_t **topics = NULL;
  size_t n = 0;
  out->err = rd_kafka_event_error(answer);
  const rd_kafka_event_t *result = out->err ? NULL : rd_kafka_event_DescribeTopics_result(answer);
  if (result) topics = rd_kafka_DescribeTopics_result_topics(result, &n);
  if (!out->err && n != 1) out->err = ERR_FAIL;
  if (!out->err) {
    out->told = 1;
    out->err = rd_kafka_error_code(rd_kafka_TopicDescription_error(topics[0]));
  }
  if (!out->err) {
    snprintf(out->id, sizeof out->id, "%s", rd_kafka_Uuid_base64str(rd_kafka_TopicDescription_topic_id(topics[0])));
    const rd_kafka_TopicPartitionInfo_t **partitions = rd_kafka_TopicDescription_partitions(topics[0], &n);
    out->partitions = (int32_t)n;
    for (size_t i = 0; i < n; i++) {
      const rd_kafka_Node_t *leader = rd_kafka_TopicPartitionInfo_leader(partitions[i]);
      if (leader && rd_kafka_Node_id(leader) >= 0) out->led++;
    }
  }
  rd_kafka_event_destroy(answer);
  return 1;
}

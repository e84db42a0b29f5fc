#include "native.h"

#include <stdlib.h>
#include <string.h>

#define WEAK __attribute__((weak))

typedef struct rd_kafka_op_s rd_kafka_event_t;

typedef struct rd_kafka_topic_partition_s {
  char *topic;
  int32_t partition;
  int64_t offset;
  void *metadata;
  size_t metadata_size;
  void *opaque;
  int err;
  void *_private;
} rd_kafka_topic_partition_t;

struct rd_kafka_topic_partition_list_s {
  int cnt;
  int size;
  rd_kafka_topic_partition_t *elems;
};

extern rd_kafka_queue_t *rd_kafka_queue_new(rd_kafka_t *) WEAK;
extern rd_kafka_queue_t *rd_kafka_queue_get_partition(rd_kafka_t *, const char *, int32_t) WEAK;
extern void rd_kafka_queue_forward(rd_kafka_queue_t *, rd_kafka_queue_t *) WEAK;
extern void rd_kafka_queue_destroy(rd_kafka_queue_t *) WEAK;
extern void rd_kafka_queue_yield(rd_kafka_queue_t *) WEAK;
extern ssize_t rd_kafka_consume_batch_queue(rd_kafka_queue_t *, int, rd_kafka_message_t **, size_t) WEAK;
extern void rd_kafka_message_destroy(rd_kafka_message_t *) WEAK;
extern int64_t rd_kafka_message_timestamp(const rd_kafka_message_t *, int *) WEAK;
extern int32_t rd_kafka_message_leader_epoch(const rd_kafka_message_t *) WEAK;
extern int rd_kafka_message_headers(const rd_kafka_message_t *, rd_kafka_headers_t **) WEAK;
extern size_t rd_kafka_header_cnt(const rd_kafka_headers_t *) WEAK;
extern int rd_kafka_header_get_all(const rd_kafka_headers_t *, size_t, const char **, const void **, size_t *) WEAK;
extern const char *rd_kafka_topic_name(const rd_kafka_topic_t *) WEAK;
extern rd_kafka_topic_partition_list_t *rd_kafka_topic_partition_list_new(int) WEAK;
extern rd_kafka_topic_partition_t *rd_kafka_topic_partition_list_add(rd_kafka_topic_partition_list_t *, const char *, int32_t) WEAK;
extern void rd_kafka_topic_partition_list_destroy(rd_kafka_topic_partition_list_t *) WEAK;
extern int rd_kafka_commit_queue(rd_kafka_t *, const rd_kafka_topic_partition_list_t *, rd_kafka_queue_t *, void *, void *) WEAK;
extern rd_kafka_event_t *rd_kafka_queue_poll(rd_kafka_queue_t *, int) WEAK;
extern int rd_kafka_event_error(rd_kafka_event_t *) WEAK;
extern rd_kafka_topic_partition_list_t *rd_kafka_event_topic_partition_list(rd_kafka_event_t *) WEAK;
extern void rd_kafka_event_destroy(rd_kafka_event_t *) WEAK;
extern int rd_kafka_event_log(rd_kafka_event_t *, const char **, const char **, int *) WEAK;
extern int rd_kafka_set_log_queue(rd_kafka_t *, rd_kafka_queue_t *) WEAK;
extern char *rd_kafka_memberid(const rd_kafka_t *) WEAK;
extern rd_kafka_consumer_group_metadata_t *rd_kafka_consumer_group_metadata(rd_kafka_t *) WEAK;
extern int32_t rd_kafka_consumer_group_metadata_generation_id(const rd_kafka_consumer_group_metadata_t *) WEAK;
extern void rd_kafka_consumer_group_metadata_destroy(rd_kafka_consumer_group_metadata_t *) WEAK;
extern void rd_kafka_mem_free(rd_kafka_t *, void *) WEAK;

extern int rd_kafka_fatal_error(rd_kafka_t *, char *, size_t) WEAK;

int ks_complete(void) {
  return rd_kafka_fatal_error && rd_kafka_queue_new && rd_kafka_queue_get_partition && rd_kafka_queue_forward && rd_kafka_queue_destroy &&
         rd_kafka_queue_yield && rd_kafka_consume_batch_queue && rd_kafka_message_destroy &&
         rd_kafka_message_timestamp && rd_kafka_message_leader_epoch && rd_kafka_message_headers &&
         rd_kafka_header_cnt && rd_kafka_header_get_all && rd_kafka_topic_name && rd_kafka_memberid && rd_kafka_mem_free &&
         rd_kafka_consumer_group_metadata && rd_kafka_consumer_group_metadata_generation_id &&
         rd_kafka_consumer_group_metadata_destroy && rd_kafka_topic_partition_list_new && rd_kafka_topic_partition_list_add &&
         rd_kafka_topic_partition_list_destroy && rd_kafka_commit_queue && rd_kafka_queue_poll && rd_kafka_event_error &&
         rd_kafka_event_topic_partition_list && rd_kafka_event_destroy && rd_kafka_event_log && rd_kafka_set_log_queue;
}

rd_kafka_queue_t *ks_log_queue(rd_kafka_t *rk) {
  rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
  rd_kafka_set_log_queue(rk, q);
  return q;
}

int ks_log_wait(rd_kafka_queue_t *q, ks_log *line) {
  rd_kafka_event_t *ev = rd_kafka_queue_poll(q, -1);
  if (!ev) return 0;
  const char *tag = "", *text = "";
  int level = 0;
  rd_kafka_event_log(ev, &tag, &text, &level); // nothing else comes to this queue
  line->level = level;
  line->tag[0] = line->text[0] = 0;
  strncat(line->tag, tag, sizeof line->tag - 1);
  strncat(line->text, text, sizeof line->text - 1);
  rd_kafka_event_destroy(ev);
  return 1;
}

ks_batch *ks_batch_new(int32_t capacity) {
  ks_batch *b = calloc(1, sizeof *b);
  b->capacity = capacity;
  b->messages = calloc(capacity, sizeof *b->messages);
  b->records = calloc(capacity, sizeof *b->records);
  b->topics = calloc(capacity, sizeof *b->topics);
  return b;
}

void ks_batch_free(ks_batch *b) {
  ks_release(b);
  free(b->messages);
  free(b->records);
  free(b->topics);
  free(b);
}

// kept_length returns the length that librdkafka keeps of a header's name, before the name:
// the size of the header in a record, of its value and of its name, and a pointer to the
// value. As this is no part of its interface, all four must agree with what is known of a
// header whose value is null; else, and for a name without a NUL, it returns n.
static size_t kept_length(const char *name, size_t n) {
  struct {
    size_t encoded, value, name;
    const void *pointer;
  } kept;
  memcpy(&kept, name - sizeof kept, sizeof kept);
  size_t varint = kept.name < 64 ? 1 : kept.name < 8192 ? 2 : 3; // of the name's length, zigzag
  if (kept.name <= n || kept.name > INT16_MAX || kept.value || kept.pointer) return n;
  if (kept.encoded != varint + kept.name + 1 || name[kept.name] != 0) return n;
  return kept.name;
}

// name_length returns the length of a header's name, which may hold a NUL. librdkafka does
// not tell it, but it keeps the value behind the NUL that ends the name.
static size_t name_length(const char *name, const void *value) {
  size_t n = strlen(name);
  const char *v = value;
  if (!v) return kept_length(name, n);
  if (v > name + n + 1 && v - name <= INT16_MAX && v[-1] == 0) return (size_t)(v - name - 1);
  return n;
}

// packed_header_len is the room that ks_copy needs for one header: two lengths of
// four bytes, the name, the value.
static int64_t packed_header_len(const char *name, const void *value, size_t len) {
  return 8 + (int64_t)name_length(name, value) + (value ? (int64_t)len : 0);
}

static void describe(ks_batch *b, int32_t i) {
  rd_kafka_message_t *m = b->messages[i];
  ks_record *r = &b->records[i];
  rd_kafka_headers_t *headers;
  r->err = m->err;
  r->partition = m->partition;
  r->offset = m->offset;
  r->key_len = m->key ? (int64_t)m->key_len : -1;
  r->value_len = m->payload ? (int64_t)m->len : -1;
  r->headers_len = 0;
  r->header_count = 0;
  r->leader_epoch = -1;
  r->timestamp = -1;
  r->timestamp_type = 0;
  if (!m->err) {
    r->timestamp = rd_kafka_message_timestamp(m, &r->timestamp_type);
    r->leader_epoch = rd_kafka_message_leader_epoch(m);
    if (rd_kafka_message_headers(m, &headers) == 0) {
      size_t n = rd_kafka_header_cnt(headers);
      for (size_t h = 0; h < n; h++) {
        const char *name;
        const void *value;
        size_t len;
        rd_kafka_header_get_all(headers, h, &name, &value, &len);
        r->headers_len += packed_header_len(name, value, len);
      }
      r->header_count = (int32_t)n;
    }
  }
  b->bytes += (r->key_len > 0 ? r->key_len : 0) + (r->value_len > 0 ? r->value_len : 0) + r->headers_len;
  if (!m->rkt) {
    r->topic = -1;
    return;
  }
  if (i > 0 && b->messages[i - 1]->rkt == m->rkt) {
    r->topic = b->records[i - 1].topic;
    return;
  }
  b->topics[b->topic_count] = rd_kafka_topic_name(m->rkt);
  r->topic = b->topic_count++;
}

// ks_fetch takes what is there, up to the capacity; when nothing is, it waits for the
// first message. It returns how many it took. ks_release must come before the next.
int32_t ks_fetch(rd_kafka_queue_t *q, ks_batch *b, int timeout_ms) {
  ssize_t n = rd_kafka_consume_batch_queue(q, 0, b->messages, b->capacity);
  if (n <= 0 && timeout_ms > 0) {
    n = rd_kafka_consume_batch_queue(q, timeout_ms, b->messages, 1);
    if (n == 1 && b->capacity > 1) {
      ssize_t more = rd_kafka_consume_batch_queue(q, 0, b->messages + 1, b->capacity - 1);
      if (more > 0) n += more;
    }
  }
  if (n < 0) n = 0;
  b->count = (int32_t)n;
  b->topic_count = 0;
  b->bytes = 0;
  for (int32_t i = 0; i < b->count; i++) describe(b, i);
  return b->count;
}

static unsigned char *put(unsigned char *at, const void *p, size_t n) {
  memcpy(at, p, n);
  return at + n;
}

void ks_copy(ks_batch *b, unsigned char *at) {
  for (int32_t i = 0; i < b->count; i++) {
    rd_kafka_message_t *m = b->messages[i];
    ks_record *r = &b->records[i];
    if (r->key_len > 0) at = put(at, m->key, m->key_len);
    if (r->value_len > 0) at = put(at, m->payload, m->len);
    if (r->header_count == 0) continue;
    rd_kafka_headers_t *headers;
    if (rd_kafka_message_headers(m, &headers) != 0) continue;
    for (int32_t h = 0; h < r->header_count; h++) {
      const char *name;
      const void *value;
      size_t len;
      rd_kafka_header_get_all(headers, h, &name, &value, &len);
      int32_t lengths[2] = {(int32_t)name_length(name, value), value ? (int32_t)len : -1};
      at = put(at, lengths, sizeof lengths);
      at = put(at, name, lengths[0]);
      if (lengths[1] > 0) at = put(at, value, len);
    }
  }
}

void ks_release(ks_batch *b) {
  for (int32_t i = 0; i < b->count; i++) rd_kafka_message_destroy(b->messages[i]);
  b->count = 0;
}

rd_kafka_queue_t *ks_queue_new(rd_kafka_t *rk) { return rd_kafka_queue_new(rk); }
void ks_queue_destroy(rd_kafka_queue_t *q) { rd_kafka_queue_destroy(q); }
void ks_queue_yield(rd_kafka_queue_t *q) { rd_kafka_queue_yield(q); }

int ks_forward(rd_kafka_t *rk, const char *topic, int32_t partition, rd_kafka_queue_t *to) {
  rd_kafka_queue_t *q = rd_kafka_queue_get_partition(rk, topic, partition);
  if (!q) return 0;
  rd_kafka_queue_forward(q, to);
  rd_kafka_queue_destroy(q);
  return 1;
}

rd_kafka_topic_partition_list_t *ks_offsets_new(int n) { return rd_kafka_topic_partition_list_new(n); }

void ks_offsets_add(rd_kafka_topic_partition_list_t *list, const char *topic, int32_t partition, int64_t offset) {
  rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
}

// ks_commit commits offsets, which it destroys, and gives the error of the answer or of
// the first partition that has one: -185 (timed out) when no answer came in time.
int ks_commit(rd_kafka_t *rk, rd_kafka_topic_partition_list_t *offsets, int timeout_ms) {
  rd_kafka_queue_t *q = rd_kafka_queue_new(rk);
  int err = rd_kafka_commit_queue(rk, offsets, q, NULL, NULL);
  rd_kafka_topic_partition_list_destroy(offsets);
  if (!err) {
    rd_kafka_event_t *answer = rd_kafka_queue_poll(q, timeout_ms);
    if (!answer) {
      err = -185;
    } else {
      err = rd_kafka_event_error(answer);
      rd_kafka_topic_partition_list_t *list = rd_kafka_event_topic_partition_list(answer);
      for (int i = 0; !err && list && i < list->cnt; i++) err = list->elems[i].err;
      rd_kafka_event_destroy(answer);
    }
  }
  rd_kafka_queue_destroy(q);
  return err;
}

// ks_member_id gives the id that the coordinator gave the member, to be freed with
// free, or NULL.
char *ks_member_id(rd_kafka_t *rk) {
  char *id = rd_kafka_memberid(rk);
  if (!id) return NULL;
  char *copy = strdup(id);
  rd_kafka_mem_free(rk, id);
  return copy;
}

// ks_generation gives the generation (classic protocol) or member epoch (consumer
// protocol), or -1 outside of a group.
int32_t ks_generation(rd_kafka_t *rk) {
  rd_kafka_consumer_group_metadata_t *m = rd_kafka_consumer_group_metadata(rk);
  if (!m) return -1;
  int32_t generation = rd_kafka_consumer_group_metadata_generation_id(m);
  rd_kafka_consumer_group_metadata_destroy(m);
  return generation;
}

// ks_fatal gives the code of the error after which the client is of no use, or 0.
int ks_fatal(rd_kafka_t *rk) { return rd_kafka_fatal_error(rk, NULL, 0); }

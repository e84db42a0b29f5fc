#include "native.h"

#include <stdlib.h>
#include <string.h>

#define WEAK __attribute__((weak))

extern rd_kafka_queue_t *rd_kafka_queue_new(rd_kafka_t *) WEAK;
extern rd_kafka_queue_t *rd_kafka_queue_get_main(rd_kafka_t *) WEAK;
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
extern rd_kafka_headers_t *rd_kafka_headers_new(size_t) WEAK;
extern int rd_kafka_header_add(rd_kafka_headers_t *, const char *, ssize_t, const void *, ssize_t) WEAK;
extern void rd_kafka_headers_destroy(rd_kafka_headers_t *) WEAK;
extern const char *rd_kafka_topic_name(const rd_kafka_topic_t *) WEAK;
extern rd_kafka_topic_t *rd_kafka_topic_new(rd_kafka_t *, const char *, void *) WEAK;
extern void rd_kafka_topic_destroy(rd_kafka_topic_t *) WEAK;
extern int rd_kafka_produce(rd_kafka_topic_t *, int32_t, int, void *, size_t, const void *, size_t, void *) WEAK;
extern int rd_kafka_producev(rd_kafka_t *, ...) WEAK;
extern int rd_kafka_last_error(void) WEAK;
extern int rd_kafka_outq_len(rd_kafka_t *) WEAK;
extern rd_kafka_event_t *rd_kafka_queue_poll(rd_kafka_queue_t *, int) WEAK;
extern int rd_kafka_event_type(const rd_kafka_event_t *) WEAK;
extern const rd_kafka_message_t *rd_kafka_event_message_next(rd_kafka_event_t *) WEAK;
extern int rd_kafka_event_error(rd_kafka_event_t *) WEAK;
extern const char *rd_kafka_event_error_string(rd_kafka_event_t *) WEAK;
extern int rd_kafka_event_error_is_fatal(rd_kafka_event_t *) WEAK;
extern int rd_kafka_fatal_error(rd_kafka_t *, char *, size_t) WEAK;
extern void rd_kafka_event_destroy(rd_kafka_event_t *) WEAK;

// Constants of rdkafka.h, part of its stable interface.
enum { EVENT_DR = 1, EVENT_ERROR = 8 };
enum { F_COPY = 2 };
enum { VTYPE_END, VTYPE_TOPIC, VTYPE_RKT, VTYPE_PARTITION, VTYPE_VALUE, VTYPE_KEY, VTYPE_OPAQUE, VTYPE_MSGFLAGS, VTYPE_TIMESTAMP, VTYPE_HEADER, VTYPE_HEADERS };
#define PARTITION_UA ((int32_t)-1)

int ks_complete(void) {
  return rd_kafka_queue_new && rd_kafka_queue_get_main && rd_kafka_queue_get_partition && rd_kafka_queue_forward &&
         rd_kafka_queue_destroy && rd_kafka_queue_yield && rd_kafka_consume_batch_queue && rd_kafka_message_destroy &&
         rd_kafka_message_timestamp && rd_kafka_message_leader_epoch && rd_kafka_message_headers &&
         rd_kafka_header_cnt && rd_kafka_header_get_all && rd_kafka_headers_new && rd_kafka_header_add &&
         rd_kafka_headers_destroy && rd_kafka_topic_name && rd_kafka_topic_new && rd_kafka_topic_destroy &&
         rd_kafka_produce && rd_kafka_producev && rd_kafka_last_error && rd_kafka_outq_len && rd_kafka_queue_poll &&
         rd_kafka_event_type && rd_kafka_event_message_next && rd_kafka_event_error &&
         rd_kafka_event_error_string && rd_kafka_event_error_is_fatal && rd_kafka_fatal_error && rd_kafka_event_destroy;
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

// packed_header_len is the room that ks_copy needs for one header: two lengths of
// four bytes, the name, the value.
static int64_t packed_header_len(const char *name, const void *value, size_t len) {
  return 8 + (int64_t)strlen(name) + (value ? (int64_t)len : 0);
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
      int32_t lengths[2] = {(int32_t)strlen(name), value ? (int32_t)len : -1};
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
rd_kafka_queue_t *ks_queue_main(rd_kafka_t *rk) { return rd_kafka_queue_get_main(rk); }
void ks_queue_destroy(rd_kafka_queue_t *q) { rd_kafka_queue_destroy(q); }
void ks_queue_yield(rd_kafka_queue_t *q) { rd_kafka_queue_yield(q); }

int ks_forward(rd_kafka_t *rk, const char *topic, int32_t partition, rd_kafka_queue_t *to) {
  rd_kafka_queue_t *q = rd_kafka_queue_get_partition(rk, topic, partition);
  if (!q) return 0;
  rd_kafka_queue_forward(q, to);
  rd_kafka_queue_destroy(q);
  return 1;
}

rd_kafka_topic_t *ks_topic_new(rd_kafka_t *rk, const char *name) { return rd_kafka_topic_new(rk, name, NULL); }
void ks_topic_destroy(rd_kafka_topic_t *t) { rd_kafka_topic_destroy(t); }
int ks_outq_len(rd_kafka_t *rk) { return rd_kafka_outq_len(rk); }

static int produce_full(rd_kafka_t *rk, rd_kafka_topic_t *topic, const unsigned char *buf, const ks_out *o, void *opaque) {
  rd_kafka_headers_t *headers = NULL;
  if (o->header_count > 0) {
    const unsigned char *at = buf + o->headers;
    headers = rd_kafka_headers_new(o->header_count);
    for (int32_t h = 0; h < o->header_count; h++) {
      int32_t lengths[2];
      memcpy(lengths, at, sizeof lengths);
      at += sizeof lengths;
      const char *name = (const char *)at;
      at += lengths[0];
      rd_kafka_header_add(headers, name, lengths[0], lengths[1] < 0 ? NULL : (const void *)at, lengths[1] < 0 ? 0 : lengths[1]);
      if (lengths[1] > 0) at += lengths[1];
    }
  }
  const void *key = o->key_len < 0 ? NULL : buf + o->key;
  const void *value = o->value_len < 0 ? NULL : buf + o->value;
  int err = rd_kafka_producev(rk, VTYPE_RKT, topic, VTYPE_PARTITION, (int)o->partition, VTYPE_MSGFLAGS, (int)F_COPY,
                              VTYPE_VALUE, (void *)value, (size_t)(o->value_len < 0 ? 0 : o->value_len), VTYPE_KEY,
                              key, (size_t)(o->key_len < 0 ? 0 : o->key_len), VTYPE_TIMESTAMP, o->timestamp,
                              VTYPE_OPAQUE, opaque, headers ? VTYPE_HEADERS : VTYPE_END, headers, VTYPE_END);
  if (err && headers) rd_kafka_headers_destroy(headers); // librdkafka owns them only on success
  return err;
}

// ks_produce queues records in order and stops at the first that is refused, with its
// cause in err (a full queue is one). It returns how many it queued. Record i is
// reported under the number first+i.
int32_t ks_produce(rd_kafka_t *rk, rd_kafka_topic_t *topic, const unsigned char *buf, const ks_out *out, int32_t n,
                   int64_t first, int *err) {
  for (int32_t i = 0; i < n; i++) {
    const ks_out *o = &out[i];
    void *opaque = (void *)(intptr_t)(first + i);
    *err = 0;
    if (o->header_count == 0 && o->timestamp == 0) {
      const void *key = o->key_len < 0 ? NULL : buf + o->key;
      void *value = o->value_len < 0 ? NULL : (void *)(buf + o->value);
      if (rd_kafka_produce(topic, o->partition, F_COPY, value, o->value_len < 0 ? 0 : o->value_len, key,
                           o->key_len < 0 ? 0 : o->key_len, opaque) != 0)
        *err = rd_kafka_last_error();
    } else {
      *err = produce_full(rk, topic, buf, o, opaque);
    }
    if (*err) return i;
  }
  return n;
}

ks_poller *ks_poller_new(int want_all) {
  ks_poller *p = calloc(1, sizeof *p);
  p->want_all = want_all;
  return p;
}

void ks_poller_free(ks_poller *p) {
  free(p->reports);
  free(p);
}

static void report(ks_poller *p, const rd_kafka_message_t *m) {
  if (p->report_count == p->report_capacity) {
    p->report_capacity = p->report_capacity ? 2 * p->report_capacity : 256;
    p->reports = realloc(p->reports, p->report_capacity * sizeof *p->reports);
  }
  int type;
  p->reports[p->report_count++] = (ks_report){
      .sequence = (int64_t)(intptr_t)m->_private,
      .offset = m->offset,
      .timestamp = rd_kafka_message_timestamp(m, &type),
      .partition = m->partition,
      .err = m->err,
  };
}

// ks_poll waits for one event and takes it apart. It returns 0 when none came.
int ks_poll(rd_kafka_t *rk, rd_kafka_queue_t *q, int timeout_ms, ks_poller *p) {
  p->delivered = p->delivered_bytes = 0;
  p->report_count = p->err = p->fatal = 0;
  p->text[0] = 0;
  rd_kafka_event_t *ev = rd_kafka_queue_poll(q, timeout_ms);
  if (!ev) return 0;
  p->type = rd_kafka_event_type(ev);
  if (p->type == EVENT_DR) {
    for (const rd_kafka_message_t *m; (m = rd_kafka_event_message_next(ev));) {
      if (!m->err) {
        p->delivered++;
        p->delivered_bytes += (int64_t)(m->len + m->key_len);
      }
      if (m->err || p->want_all) report(p, m);
    }
  } else if (p->type == EVENT_ERROR) {
    p->err = rd_kafka_event_error(ev);
    p->fatal = rd_kafka_event_error_is_fatal(ev);
    if (p->fatal) {
      p->err = rd_kafka_fatal_error(rk, p->text, sizeof p->text);
    } else if (rd_kafka_event_error_string(ev)) {
      strncat(p->text, rd_kafka_event_error_string(ev), sizeof p->text - 1);
    }
  }
  rd_kafka_event_destroy(ev);
  return 1;
}

void ks_swap_pointer(uintptr_t place, void *with) { __atomic_store_n((void **)place, with, __ATOMIC_SEQ_CST); }

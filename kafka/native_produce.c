#include "native_produce.h"

#include <stdlib.h>
#include <string.h>

#define WEAK __attribute__((weak))

extern rd_kafka_queue_t *rd_kafka_queue_get_main(rd_kafka_t *) WEAK;
extern rd_kafka_headers_t *rd_kafka_headers_new(size_t) WEAK;
extern int rd_kafka_header_add(rd_kafka_headers_t *, const char *, ssize_t, const void *, ssize_t) WEAK;
extern void rd_kafka_headers_destroy(rd_kafka_headers_t *) WEAK;
extern rd_kafka_topic_t *rd_kafka_topic_new(rd_kafka_t *, const char *, void *) WEAK;
extern void rd_kafka_topic_destroy(rd_kafka_topic_t *) WEAK;
extern int rd_kafka_produce_batch(rd_kafka_topic_t *, int32_t, int, rd_kafka_message_t *, int) WEAK;
extern int rd_kafka_producev(rd_kafka_t *, ...) WEAK;
extern int rd_kafka_flush(rd_kafka_t *, int) WEAK;
extern int64_t rd_kafka_message_timestamp(const rd_kafka_message_t *, int *) WEAK;
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
enum {
  VTYPE_END,
  VTYPE_TOPIC,
  VTYPE_RKT,
  VTYPE_PARTITION,
  VTYPE_VALUE,
  VTYPE_KEY,
  VTYPE_OPAQUE,
  VTYPE_MSGFLAGS,
  VTYPE_TIMESTAMP,
  VTYPE_HEADER,
  VTYPE_HEADERS
};
enum { ERR_QUEUE_FULL = -184, ERR_STATE = -172, ERR_FATAL = -150, ERR_FENCED = -144 };

int ks_complete_produce(void) {
  return rd_kafka_queue_get_main && rd_kafka_headers_new && rd_kafka_header_add && rd_kafka_headers_destroy &&
         rd_kafka_topic_new && rd_kafka_topic_destroy && rd_kafka_produce_batch && rd_kafka_producev && rd_kafka_flush &&
         rd_kafka_message_timestamp && rd_kafka_queue_poll && rd_kafka_event_type && rd_kafka_event_message_next &&
         rd_kafka_event_error && rd_kafka_event_error_string && rd_kafka_event_error_is_fatal &&
         rd_kafka_fatal_error && rd_kafka_event_destroy;
}

rd_kafka_topic_t *ks_topic_new(rd_kafka_t *rk, const char *name) { return rd_kafka_topic_new(rk, name, NULL); }
void ks_topic_destroy(rd_kafka_topic_t *t) { rd_kafka_topic_destroy(t); }
rd_kafka_queue_t *ks_queue_main(rd_kafka_t *rk) { return rd_kafka_queue_get_main(rk); }
void ks_flush(rd_kafka_t *rk, int timeout_ms) { rd_kafka_flush(rk, timeout_ms); }

static void *at(const unsigned char *buf, int64_t offset, int64_t len) {
  return len < 0 ? NULL : (void *)(buf + offset);
}

static size_t length(int64_t len) { return len < 0 ? 0 : (size_t)len; }

// is_plain says that a record can go with others in one call.
static int is_plain(const ks_out *o) { return o->header_count == 0 && o->timestamp == 0; }

// stops says that no further record can be queued now.
static int stops(int err) {
  return err == ERR_QUEUE_FULL || err == ERR_STATE || err == ERR_FATAL || err == ERR_FENCED;
}

enum { PLAIN = 128 }; // records in one call

// queue_plain queues up to PLAIN plain records for one partition, or for the
// partitioner, and returns how many it dealt with. (Records for several partitions could
// go in one call, but librdkafka then adds partition -1 to a transaction.)
static int32_t queue_plain(rd_kafka_topic_t *topic, const unsigned char *buf, ks_out *out, int32_t n, int64_t first) {
  rd_kafka_message_t m[PLAIN];
  int32_t count = 0;
  for (; count < n && count < PLAIN && is_plain(&out[count]) && out[count].partition == out->partition; count++) {
    const ks_out *o = &out[count];
    m[count] = (rd_kafka_message_t){
        .payload = at(buf, o->value, o->value_len),
        .len = length(o->value_len),
        .key = at(buf, o->key, o->key_len),
        .key_len = length(o->key_len),
        ._private = (void *)(intptr_t)(first + count),
    };
  }
  if (rd_kafka_produce_batch(topic, out->partition, F_COPY, m, count) != count)
    for (int32_t i = 0; i < count; i++) out[i].err = m[i].err;
  return count;
}

static int queue_full(rd_kafka_t *rk, rd_kafka_topic_t *topic, const unsigned char *buf, const ks_out *o, int64_t number) {
  rd_kafka_headers_t *headers = NULL;
  if (o->header_count > 0) {
    const unsigned char *p = buf + o->headers;
    headers = rd_kafka_headers_new(o->header_count);
    for (int32_t h = 0; h < o->header_count; h++) {
      int32_t lengths[2];
      memcpy(lengths, p, sizeof lengths);
      p += sizeof lengths;
      const char *name = (const char *)p;
      p += lengths[0];
      rd_kafka_header_add(headers, name, lengths[0], lengths[1] < 0 ? NULL : (const void *)p, length(lengths[1]));
      p += length(lengths[1]);
    }
  }
  int err = rd_kafka_producev(rk, VTYPE_RKT, topic, VTYPE_PARTITION, (int)o->partition, VTYPE_MSGFLAGS, (int)F_COPY,
                              VTYPE_VALUE, at(buf, o->value, o->value_len), length(o->value_len), VTYPE_KEY,
                              at(buf, o->key, o->key_len), length(o->key_len), VTYPE_TIMESTAMP, o->timestamp,
                              VTYPE_OPAQUE, (void *)(intptr_t)number, headers ? VTYPE_HEADERS : VTYPE_END, headers,
                              VTYPE_END);
  if (err && headers) rd_kafka_headers_destroy(headers); // librdkafka owns them only on success
  return err;
}

// ks_produce queues records in order. It returns how many it dealt with: those with
// err set, refused in number, were not queued. When it ends before n, stop is the
// cause, and a full queue is one. Record i is reported under the number first+i.
int32_t ks_produce(rd_kafka_t *rk, rd_kafka_topic_t *topic, const unsigned char *buf, ks_out *out, int32_t n,
                   int64_t first, int32_t *refused, int32_t *stop) {
  *refused = *stop = 0;
  for (int32_t i = 0; i < n;) {
    int32_t count = 1;
    if (is_plain(&out[i])) {
      count = queue_plain(topic, buf, out + i, n - i, first + i);
    } else {
      out[i].err = queue_full(rk, topic, buf, &out[i], first + i);
    }
    for (int32_t end = i + count; i < end; i++) {
      if (!out[i].err) continue;
      if (stops(out[i].err)) {
        *stop = out[i].err;
        for (int32_t k = i; k < end; k++) out[k].err = 0; // nothing behind it was queued
        return i;
      }
      ++*refused;
    }
  }
  return n;
}

ks_poller *ks_poller_new(int want_all, int32_t group) {
  ks_poller *p = calloc(1, sizeof *p);
  p->want_all = want_all;
  p->group = group;
  return p;
}

void ks_poller_free(ks_poller *p) {
  free(p->reports);
  free(p->runs);
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

static void count_in(ks_poller *p, int64_t sequence) {
  if (p->run_count > 0 && p->runs[p->run_count - 1].sequence / p->group == sequence / p->group) {
    p->runs[p->run_count - 1].count++;
    return;
  }
  if (p->run_count == p->run_capacity) {
    p->run_capacity = p->run_capacity ? 2 * p->run_capacity : 64;
    p->runs = realloc(p->runs, p->run_capacity * sizeof *p->runs);
  }
  p->runs[p->run_count++] = (ks_run){.sequence = sequence, .count = 1};
}

// ks_poll waits for one event and takes it apart. It returns 0 when none came.
int ks_poll(rd_kafka_t *rk, rd_kafka_queue_t *q, int timeout_ms, ks_poller *p) {
  p->bytes = 0;
  p->report_count = p->run_count = p->err = p->fatal = 0;
  p->text[0] = 0;
  rd_kafka_event_t *ev = rd_kafka_queue_poll(q, timeout_ms);
  if (!ev) return 0;
  int type = rd_kafka_event_type(ev);
  if (type == EVENT_DR) {
    for (const rd_kafka_message_t *m; (m = rd_kafka_event_message_next(ev));) {
      if (!m->err) p->bytes += (int64_t)(m->len + m->key_len);
      if (m->err || p->want_all) {
        report(p, m);
      } else {
        count_in(p, (int64_t)(intptr_t)m->_private);
      }
    }
  } else if (type == EVENT_ERROR) {
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

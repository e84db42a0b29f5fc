#include "show.h"

// Weak, as in ../native.c: the client that is linked beside brings the function.
extern void rd_kafka_conf_properties_show(FILE *) __attribute__((weak));

int ks_show(FILE *file) {
  if (!rd_kafka_conf_properties_show)
    return -1;
  rd_kafka_conf_properties_show(file);
  return 0;
}

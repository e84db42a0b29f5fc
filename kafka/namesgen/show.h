#include <stdio.h>

// ks_show writes librdkafka's table of properties to file, or returns -1 when the library
// has no such function.
int ks_show(FILE *file);

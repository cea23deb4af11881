/* Lists of CPU numbers as Linux writes them: "0-3,8". */
#ifndef GB_HARNESS_CPU_LIST_H
#define GB_HARNESS_CPU_LIST_H

#include <stddef.h>

#include "harness/error.h"

/* Numbers in the order given, into cpus[0 .. most - 1]; `option` names the source in messages. GB_EINPUT: not such a
 * list, a number twice, more than `most`. */
int gb_cpu_list_parse(const char *option, const char *text, int *cpus, size_t most, size_t *count, gb_error *err);

/* Ascending numbers, neighbours joined; cut off with "..." where the text would not fit. */
void gb_cpu_list_print(const int *cpus, size_t count, char *text, size_t size);

#endif

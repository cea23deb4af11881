/* The counters by name. Internal to harness/counters. */
#ifndef GB_HARNESS_COUNTER_TABLE_H
#define GB_HARNESS_COUNTER_TABLE_H

#include "harness/counters.h"

enum { GB_COUNTER_WAYS = 4 };

typedef struct gb_counter_row {
    const char *name;
    gb_counter_group group;
    /* In order of preference, until one opens: a libpfm4 event ("perf::" are the kernel's generic ones, the others
     * exist where libpfm4 finds that CPU), "pmu/event/" as the kernel names it, "powercap:kind". */
    const char *way[GB_COUNTER_WAYS];
} gb_counter_row;

extern const gb_counter_row gb_counter_table[];
extern const size_t gb_counter_table_rows;

#endif

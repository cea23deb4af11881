/* What is open behind harness/counters. Internal to it. */
#ifndef GB_HARNESS_COUNTER_OPEN_H
#define GB_HARNESS_COUNTER_OPEN_H

#include "harness/counters.h"
#include "harness/rapl.h"

enum { GB_MOST_COUNTERS = 64 };

/* How a counter is read: in its group's perf_event group, as the sum of counters of whole packages, or by powercap. */
typedef enum gb_counter_source { GB_ABSENT, GB_OF_THREAD, GB_OF_PACKAGES, GB_OF_POWERCAP } gb_counter_source;

/* An open event; what is not in a group has times of its own. */
typedef struct gb_counter_box {
    int fd;
    uint64_t enabled_before, running_before;
} gb_counter_box;

typedef struct gb_open_counter {
    const char *name;
    gb_counter_group group;
    gb_counter_source from;
    int slot;            /* GB_OF_THREAD: place of its value in the group's answer */
    double scale;        /* of a count */
    gb_counter_box *box; /* GB_OF_THREAD: one; GB_OF_PACKAGES: one for each box of each package */
    size_t boxes;
    gb_rapl *rapl;
    char reason[GB_COUNTER_REASON]; /* GB_ABSENT, or what went wrong at the last start */
} gb_open_counter;

/* The perf_event group of one of ours. */
typedef struct gb_perf_group {
    int leader; /* -1: nothing is open */
    int members;
    uint64_t enabled_before, running_before; /* times of the last read: a reset does not clear them */
    uint64_t started;                        /* when, by now_ns */
    char start_failure[96];
} gb_perf_group;

struct gb_counters {
    const gb_perf_backend *backend;
    gb_perf_group group[GB_COUNTER_GROUP_COUNT];
    gb_open_counter of[GB_MOST_COUNTERS];
    size_t count;
};

/* Opens a counter, by the first way that works; where none does it is absent, with the reason. Only out of memory is an
 * error. */
int gb_counter_open(gb_counters *all, const char *name, gb_counter_group group, const char *const *ways,
                    size_t way_count);
void gb_counter_close(const gb_counters *all, gb_open_counter *c);

#endif

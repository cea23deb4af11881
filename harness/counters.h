/* Hardware counters of the calling thread: one perf_event group, events named through libpfm4, user mode only.
 *
 * A count is given only if the group was on the hardware for the whole interval (time_running == time_enabled): no
 * multiplexing, no scaling. Whatever cannot be counted says why and what would help; it is never a zero. */
#ifndef GB_HARNESS_COUNTERS_H
#define GB_HARNESS_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "harness/error.h"

/* X(name, libpfm4 event): generic events of the kernel, which maps them to the CPU. In order of importance: when the
 * hardware has too few counters for all, the last ones are given up. */
#define GB_COUNTERS(X)                                                                                                 \
    X(cycles, "perf::PERF_COUNT_HW_CPU_CYCLES")                                                                        \
    X(instructions, "perf::PERF_COUNT_HW_INSTRUCTIONS")                                                                \
    X(branches, "perf::PERF_COUNT_HW_BRANCH_INSTRUCTIONS")                                                             \
    X(branch_misses, "perf::PERF_COUNT_HW_BRANCH_MISSES")                                                              \
    X(cache_misses, "perf::PERF_COUNT_HW_CACHE_MISSES")                                                                \
    X(l1d_read_misses, "perf::PERF_COUNT_HW_CACHE_L1D:READ:MISS")

typedef enum gb_counter {
#define GB_COUNTER_ENUM(name, event) GB_COUNTER_##name,
    GB_COUNTERS(GB_COUNTER_ENUM)
#undef GB_COUNTER_ENUM
        GB_COUNTER_COUNT
} gb_counter;

extern const char *const gb_counter_names[GB_COUNTER_COUNT];

typedef struct gb_counter_value {
    bool present;
    uint64_t count;
    char reason[192]; /* why it is absent, and what would help */
} gb_counter_value;

typedef struct gb_counter_set {
    gb_counter_value of[GB_COUNTER_COUNT];
} gb_counter_set;

struct perf_event_attr;

/* The system behind the counters; tests put their own in its place. Each call behaves like the function it stands for:
 * -1 and errno on failure. */
typedef struct gb_perf_backend {
    /* Fills type and config of attr for a libpfm4 event name; 0, or -1 with a sentence in why. */
    int (*encode)(void *ctx, const char *event, struct perf_event_attr *attr, char *why, size_t size);
    int (*open)(void *ctx, struct perf_event_attr *attr, int group_fd);
    int (*control)(void *ctx, int fd, unsigned long request); /* ioctl with PERF_IOC_FLAG_GROUP */
    ssize_t (*read)(void *ctx, int fd, void *data, size_t size);
    void (*close)(void *ctx, int fd);
    int (*paranoid)(void *ctx); /* kernel.perf_event_paranoid; -100 if it cannot be read */
    void *ctx;
} gb_perf_backend;

extern const gb_perf_backend gb_perf_system;

typedef struct gb_counters gb_counters;

/* Opens what can be opened; only out of memory is an error. */
int gb_counters_open(const gb_perf_backend *backend, gb_counters **out, gb_error *err);
void gb_counters_close(gb_counters *counters);
/* True if at least one event is open. */
bool gb_counters_any(const gb_counters *counters);
void gb_counters_start(gb_counters *counters);
void gb_counters_stop(gb_counters *counters, gb_counter_set *out);
/* If nothing can be counted: one sentence why, the reason of the first event. NULL otherwise. */
const char *gb_counters_absence(const gb_counters *counters);

#endif

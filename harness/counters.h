/* Hardware counters, in groups that are counted one after the other, each in an interval of its own.
 *
 * Events of a core count the calling thread in user mode: one perf_event group, named through libpfm4. A count is given
 * only if the group was on the hardware for the whole interval (time_running == time_enabled): no multiplexing, no
 * scaling. Events of memory controllers and energy count whole packages, with all that runs there. Whatever cannot be
 * counted says why and what would help; it is never a zero. */
#ifndef GB_HARNESS_COUNTERS_H
#define GB_HARNESS_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "harness/error.h"

/* X(group, what) */
#define GB_COUNTER_GROUPS(X)                                                                                           \
    X(core, "cycles, instructions, branches")                                                                          \
    X(cache, "misses of L1d, L2 and the last cache; bytes of main memory")                                             \
    X(topdown, "what became of the issue slots")                                                                       \
    X(fp, "float and integer vector operations")                                                                       \
    X(energy, "joules of package, cores, memory and platform")                                                         \
    X(events, "those of --events")

typedef enum gb_counter_group {
#define GB_COUNTER_GROUP_ENUM(name, what) GB_COUNTER_GROUP_##name,
    GB_COUNTER_GROUPS(GB_COUNTER_GROUP_ENUM)
#undef GB_COUNTER_GROUP_ENUM
        GB_COUNTER_GROUP_COUNT
} gb_counter_group;

extern const char *const gb_counter_group_names[GB_COUNTER_GROUP_COUNT];

enum { GB_MOST_EVENTS = 16, GB_COUNTER_REASON = 320 };

/* What to count. */
typedef struct gb_counter_choice {
    bool group[GB_COUNTER_GROUP_COUNT];
    const char *event[GB_MOST_EVENTS]; /* of group `events`: libpfm4's names, or "pmu/event/" */
    size_t event_count;
} gb_counter_choice;

/* "core,energy", or "none". */
int gb_counter_groups_parse(const char *option, const char *text, gb_counter_choice *choice, gb_error *err);
/* Adds events; `text` is cut up and must outlive the choice. GB_EINPUT: too many, twice, or the name of a counter. */
int gb_counter_events_parse(const char *option, char *text, gb_counter_choice *choice, gb_error *err);

typedef struct gb_counter_value {
    const char *name; /* of the table, or of the choice */
    gb_counter_group group;
    bool present;
    double value;
    char reason[GB_COUNTER_REASON]; /* why it is absent, and what would help */
} gb_counter_value;

typedef struct gb_counter_set {
    gb_counter_value *of;
    size_t count;
} gb_counter_set;

/* The value if it is present, else NULL. */
const gb_counter_value *gb_counter_find(const gb_counter_set *set, const char *name);

struct perf_event_attr;

/* The system behind the counters; tests put their own in its place. Each call behaves like the function it stands for:
 * -1 and errno on failure. */
typedef struct gb_perf_backend {
    /* Fills type and config of attr for a libpfm4 event name; 0, or -1 with a sentence in why. */
    int (*encode)(void *ctx, const char *event, struct perf_event_attr *attr, char *why, size_t size);
    /* cpu < 0: this thread, wherever it runs; else all that runs on this CPU. */
    int (*open)(void *ctx, struct perf_event_attr *attr, int cpu, int group_fd);
    int (*control)(void *ctx, int fd, unsigned long request); /* ioctl with PERF_IOC_FLAG_GROUP */
    ssize_t (*read)(void *ctx, int fd, void *data, size_t size);
    void (*close)(void *ctx, int fd);
    uint64_t (*now_ns)(void *ctx);
    void *ctx;
    const char *root; /* of /proc and /sys: "" */
} gb_perf_backend;

extern const gb_perf_backend gb_perf_system;

typedef struct gb_counters gb_counters;

/* Opens what can be opened; only out of memory is an error. The choice must outlive what is made of it. */
int gb_counters_open(const gb_perf_backend *backend, const gb_counter_choice *choice, gb_counters **out, gb_error *err);
void gb_counters_close(gb_counters *counters);

/* One value per counter of the choice, all absent; freed by the caller with free(set->of). */
int gb_counters_new_set(const gb_counters *counters, gb_counter_set *set, gb_error *err);

/* Is anything of the group open? */
bool gb_counters_any(const gb_counters *counters, gb_counter_group group);
/* How long an interval of the group must be to mean anything. */
double gb_counters_least_ns(gb_counter_group group);
void gb_counters_start(gb_counters *counters, gb_counter_group group);
/* Fills the group's values of the set: counts since the start, divided by `per`. */
void gb_counters_stop(gb_counters *counters, gb_counter_group group, double per, gb_counter_set *set);

/* What is there and what is not, a line per group and cause: "core: cycles, branches" or "core: cycles: absent: ...".
 * The caller frees it; NULL without memory. */
char *gb_counter_set_text(const gb_counter_set *set);
/* The same before anything is counted: what can be. */
char *gb_counters_text(const gb_counters *counters);

#endif

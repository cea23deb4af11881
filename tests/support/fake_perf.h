/* A perf_event system that counts what the test says, on a machine whose /proc and /sys are fake_root's. */
#ifndef TESTS_SUPPORT_FAKE_PERF_H
#define TESTS_SUPPORT_FAKE_PERF_H

#include "harness/counters.h"

enum { FAKE_ROOM = 24, FAKE_FDS = 64 };

typedef struct fake_perf {
    int refuse_from, refusal; /* opens from this one on fail with this errno */
    int refuse_boxes;         /* opens of whole packages fail with this errno */
    const char *unknown;      /* an event name that encode refuses */
    int hardware;             /* counters of the machine: a larger group never runs */
    int lost_ns;              /* ns of each interval that the events were off the hardware */
    int fail_control, fail_read, short_read;
    int opens, open_now;
    int leader[FAKE_FDS];
    int cpu[FAKE_FDS]; /* of each fd; -1: of the thread, in the group */
    uint64_t config[FAKE_FDS], type[FAKE_FDS];
    int members[FAKE_FDS], enabled[FAKE_FDS]; /* members: of the group that it leads */
    uint64_t time_enabled[FAKE_FDS], time_running[FAKE_FDS];
    uint64_t now, interval;
} fake_perf;

/* perf_event_paranoid as its file holds it; counters for all, nothing refused, a second between two looks at the clock.
 * Of a group the counts are 10, 11, 12 in the order of opening; of a box, a thousand times its configuration. */
fake_perf fake_perf_of(const char *paranoid);
gb_perf_backend fake_perf_backend(fake_perf *f);

#endif

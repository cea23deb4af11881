#include "harness/counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"

const char *const gb_counter_names[GB_COUNTER_COUNT] = {
#define GB_COUNTER_NAME(name, event) #name,
    GB_COUNTERS(GB_COUNTER_NAME)
#undef GB_COUNTER_NAME
};

static const char *const events[GB_COUNTER_COUNT] = {
#define GB_COUNTER_EVENT(name, event) event,
    GB_COUNTERS(GB_COUNTER_EVENT)
#undef GB_COUNTER_EVENT
};

struct gb_counters {
    const gb_perf_backend *backend;
    int fd[GB_COUNTER_COUNT];   /* -1: absent, then reason[] says why */
    int slot[GB_COUNTER_COUNT]; /* place of its value in the group's answer */
    int leader;                 /* file descriptor of the group, -1: nothing is open */
    int members;
    uint64_t enabled_before, running_before; /* times of the last read: a reset does not clear them */
    char start_failure[96];
    char reason[GB_COUNTER_COUNT][192];
};

/* What the kernel answers to a read of a group without identifiers. */
typedef struct group_answer {
    uint64_t members, time_enabled, time_running;
    uint64_t value[GB_COUNTER_COUNT];
} group_answer;

static void explain_refusal(const gb_counters *c, int error, char *reason, size_t size) {
    const int level = c->backend->paranoid(c->backend->ctx);
    if ((error == EACCES || error == EPERM) && level > 2)
        (void)snprintf(reason, size,
                       "perf_event_paranoid=%d: needs <= 2 (sysctl kernel.perf_event_paranoid=2) or CAP_PERFMON",
                       level);
    else if (error == EACCES || error == EPERM)
        (void)snprintf(reason, size,
                       "refused though perf_event_paranoid=%d: a container's seccomp profile or a security module "
                       "forbids perf_event_open",
                       level);
    else if (error == ENOENT || error == EOPNOTSUPP || error == ENODEV || error == EINVAL)
        (void)snprintf(reason, size, "not supported by this machine or hypervisor");
    else if (error == ENOSYS)
        (void)snprintf(reason, size, "this kernel is built without perf events");
    else if (error == EBUSY)
        (void)snprintf(reason, size,
                       "another user holds the counters (a hypervisor, an NMI watchdog, another profiler)");
    else
        (void)snprintf(reason, size, "perf_event_open failed: %s", strerror(error));
}

static void open_event(gb_counters *c, int i) {
    const gb_perf_backend *be = c->backend;
    struct perf_event_attr attr = {.size = sizeof attr};
    if (be->encode(be->ctx, events[i], &attr, c->reason[i], sizeof c->reason[i]) != 0) return;
    attr.size = sizeof attr;
    attr.disabled = c->leader < 0;
    attr.exclude_kernel = 1;
    attr.exclude_hv = 1;
    attr.read_format = PERF_FORMAT_GROUP | PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    const int fd = be->open(be->ctx, &attr, c->leader);
    if (fd < 0) {
        explain_refusal(c, errno, c->reason[i], sizeof c->reason[i]);
        return;
    }
    c->fd[i] = fd;
    c->slot[i] = c->members++;
    if (c->leader < 0) c->leader = fd;
}

static void drop_last(gb_counters *c) {
    for (int i = GB_COUNTER_COUNT - 1; i >= 0; i--) {
        if (c->fd[i] < 0) continue;
        c->backend->close(c->backend->ctx, c->fd[i]);
        if (c->fd[i] == c->leader) c->leader = -1;
        c->fd[i] = -1;
        c->members--;
        (void)snprintf(c->reason[i], sizeof c->reason[i],
                       "the hardware has no free counter for it beside the others (an NMI watchdog takes one: sysctl "
                       "kernel.nmi_watchdog=0)");
        return;
    }
}

/* Starts, burns a little time, stops; true if the whole group was on the hardware. */
static bool group_fits(gb_counters *c) {
    gb_counter_set got;
    gb_counters_start(c);
    for (volatile int i = 0; i < 20000; i++) continue;
    gb_counters_stop(c, &got);
    for (int i = 0; i < GB_COUNTER_COUNT; i++)
        if (got.of[i].present) return true;
    return false;
}

int gb_counters_open(const gb_perf_backend *backend, gb_counters **out, gb_error *err) {
    gb_counters *c = *out = gb_new(1, sizeof *c, "hardware counters", err);
    if (!c) return GB_ESYSTEM;
    c->backend = backend;
    c->leader = -1;
    for (int i = 0; i < GB_COUNTER_COUNT; i++) c->fd[i] = -1;
    for (int i = 0; i < GB_COUNTER_COUNT; i++) open_event(c, i);
    while (c->members > 1 && !group_fits(c)) drop_last(c);
    return GB_OK;
}

void gb_counters_close(gb_counters *counters) {
    if (!counters) return;
    for (int i = GB_COUNTER_COUNT - 1; i >= 0; i--)
        if (counters->fd[i] >= 0) counters->backend->close(counters->backend->ctx, counters->fd[i]);
    free(counters);
}

bool gb_counters_any(const gb_counters *counters) {
    return counters->leader >= 0;
}

const char *gb_counters_absence(const gb_counters *counters) {
    return counters->leader >= 0 ? NULL : counters->reason[0];
}

void gb_counters_start(gb_counters *counters) {
    const gb_perf_backend *be = counters->backend;
    counters->start_failure[0] = 0;
    if (counters->leader < 0) return;
    if (be->control(be->ctx, counters->leader, PERF_EVENT_IOC_RESET) != 0 ||
        be->control(be->ctx, counters->leader, PERF_EVENT_IOC_ENABLE) != 0)
        (void)snprintf(counters->start_failure, sizeof counters->start_failure, "the counters could not be started: %s",
                       strerror(errno));
}

/* The values are those since the start, the times too. */
static bool read_group(gb_counters *c, group_answer *a, char *failure, size_t size) {
    const gb_perf_backend *be = c->backend;
    const size_t expected = (3 + (size_t)c->members) * sizeof(uint64_t);
    *a = (group_answer){0};
    const ssize_t got = be->read(be->ctx, c->leader, a, sizeof *a);
    if (got < 0)
        (void)snprintf(failure, size, "the counters could not be read: %s", strerror(errno));
    else if ((size_t)got != expected || a->members != (uint64_t)c->members)
        (void)snprintf(failure, size, "the counters answered %zd bytes for %llu events, expected %zu for %d", got,
                       (unsigned long long)a->members, expected, c->members);
    else {
        const uint64_t enabled = a->time_enabled;
        const uint64_t running = a->time_running;
        a->time_enabled -= c->enabled_before;
        a->time_running -= c->running_before;
        c->enabled_before = enabled;
        c->running_before = running;
        return true;
    }
    return false;
}

void gb_counters_stop(gb_counters *counters, gb_counter_set *out) {
    const gb_perf_backend *be = counters->backend;
    *out = (gb_counter_set){0};
    group_answer answer = {0};
    char failure[192] = "";
    if (counters->leader >= 0) {
        const bool stopped = be->control(be->ctx, counters->leader, PERF_EVENT_IOC_DISABLE) == 0;
        const char *error = strerror(errno);
        if (counters->start_failure[0])
            (void)snprintf(failure, sizeof failure, "%s", counters->start_failure);
        else if (!stopped)
            (void)snprintf(failure, sizeof failure, "the counters could not be stopped: %s", error);
        else if (read_group(counters, &answer, failure, sizeof failure) && answer.time_running != answer.time_enabled)
            (void)snprintf(failure, sizeof failure,
                           "on the hardware for only %llu of %llu ns: too many events, or another user of the counters",
                           (unsigned long long)answer.time_running, (unsigned long long)answer.time_enabled);
        else if (!failure[0] && answer.time_enabled == 0)
            (void)snprintf(failure, sizeof failure, "the counters never ran");
    }
    for (int i = 0; i < GB_COUNTER_COUNT; i++) {
        gb_counter_value *v = &out->of[i];
        v->present = counters->fd[i] >= 0 && !failure[0];
        if (v->present)
            v->count = answer.value[counters->slot[i]];
        else
            (void)snprintf(v->reason, sizeof v->reason, "%s", counters->fd[i] < 0 ? counters->reason[i] : failure);
    }
}

#include "harness/counters.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "harness/counter_open.h"
#include "harness/counter_table.h"

/* What the kernel answers to a read of a group without identifiers. */
typedef struct group_answer {
    uint64_t members, time_enabled, time_running;
    uint64_t value[GB_MOST_COUNTERS];
} group_answer;

static void drop_last(gb_counters *all, gb_counter_group group) {
    gb_perf_group *g = &all->group[group];
    for (size_t i = all->count; i-- > 0;) {
        gb_open_counter *c = &all->of[i];
        if (c->group != group || c->from != GB_OF_THREAD) continue;
        if (c->box[0].fd == g->leader) g->leader = -1;
        gb_counter_close(all, c);
        g->members--;
        (void)snprintf(c->reason, sizeof c->reason,
                       "the hardware has no free counter for it beside the others (an NMI watchdog takes one: sysctl "
                       "kernel.nmi_watchdog=0)");
        return;
    }
}

static bool read_group(gb_counters *all, gb_counter_group group, group_answer *a, char *failure, size_t size);

/* Starts, burns a little time, stops; true if the whole group was on the hardware. */
static bool group_fits(gb_counters *all, gb_counter_group group) {
    group_answer answer;
    char failure[192];
    gb_counters_start(all, group);
    for (volatile int i = 0; i < 20000; i++) continue;
    return read_group(all, group, &answer, failure, sizeof failure);
}

int gb_counters_open(const gb_perf_backend *backend, const gb_counter_choice *choice, gb_counters **out,
                     gb_error *err) {
    gb_counters *all = *out = gb_new(1, sizeof *all, "hardware counters", err);
    int rc = all ? GB_OK : GB_ESYSTEM;
    if (rc) return rc;
    all->backend = backend;
    for (int g = 0; g < GB_COUNTER_GROUP_COUNT; g++) all->group[g].leader = -1;
    for (size_t i = 0; !rc && i < gb_counter_table_rows; i++) {
        const gb_counter_row *row = &gb_counter_table[i];
        if (choice->group[row->group]) rc = gb_counter_open(all, row->name, row->group, row->way, GB_COUNTER_WAYS);
    }
    for (size_t i = 0; !rc && i < choice->event_count; i++)
        rc = gb_counter_open(all, choice->event[i], GB_COUNTER_GROUP_events, &choice->event[i], 1);
    for (int g = 0; !rc && g < GB_COUNTER_GROUP_COUNT; g++)
        while (all->group[g].members > 1 && !group_fits(all, (gb_counter_group)g)) drop_last(all, (gb_counter_group)g);
    if (!rc) return GB_OK;
    gb_counters_close(all);
    *out = NULL;
    return gb_fail(err, GB_ESYSTEM, "hardware counters: out of memory");
}

void gb_counters_close(gb_counters *counters) {
    if (!counters) return;
    for (size_t i = counters->count; i-- > 0;) gb_counter_close(counters, &counters->of[i]);
    free(counters);
}

int gb_counters_new_set(const gb_counters *counters, gb_counter_set *set, gb_error *err) {
    *set = (gb_counter_set){.of = gb_new(counters->count + 1, sizeof *set->of, "hardware counters", err)};
    if (!set->of) return GB_ESYSTEM;
    set->count = counters->count;
    for (size_t i = 0; i < set->count; i++) {
        const gb_open_counter *c = &counters->of[i];
        set->of[i] = (gb_counter_value){.name = c->name, .group = c->group};
        (void)snprintf(set->of[i].reason, GB_COUNTER_REASON, "%s", c->from == GB_ABSENT ? c->reason : "not counted");
    }
    return GB_OK;
}

bool gb_counters_any(const gb_counters *counters, gb_counter_group group) {
    for (size_t i = 0; i < counters->count; i++)
        if (counters->of[i].group == group && counters->of[i].from != GB_ABSENT) return true;
    return false;
}

double gb_counters_least_ns(gb_counter_group group) {
    return group == GB_COUNTER_GROUP_energy ? 1e8 : 0; /* RAPL's counters move once a millisecond */
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

static void start_boxes(const gb_counters *all, gb_open_counter *c) {
    const gb_perf_backend *be = all->backend;
    for (size_t i = 0; i < c->boxes && !c->reason[0]; i++)
        if (be->control(be->ctx, c->box[i].fd, PERF_EVENT_IOC_RESET) != 0 ||
            be->control(be->ctx, c->box[i].fd, PERF_EVENT_IOC_ENABLE) != 0)
            (void)snprintf(c->reason, sizeof c->reason, "the counters could not be started: %s", strerror(errno));
}

void gb_counters_start(gb_counters *counters, gb_counter_group group) {
    const gb_perf_backend *be = counters->backend;
    gb_perf_group *g = &counters->group[group];
    for (size_t i = 0; i < counters->count; i++) {
        gb_open_counter *c = &counters->of[i];
        if (c->group != group || c->from == GB_ABSENT) continue;
        c->reason[0] = 0;
        if (c->from == GB_OF_PACKAGES) start_boxes(counters, c);
        if (c->from == GB_OF_POWERCAP) (void)gb_rapl_start(be->root, c->rapl, c->reason, sizeof c->reason);
    }
    g->started = be->now_ns(be->ctx);
    g->start_failure[0] = 0;
    if (g->leader < 0) return;
    if (be->control(be->ctx, g->leader, PERF_EVENT_IOC_RESET) != 0 ||
        be->control(be->ctx, g->leader, PERF_EVENT_IOC_ENABLE) != 0)
        (void)snprintf(g->start_failure, sizeof g->start_failure, "the counters could not be started: %s",
                       strerror(errno));
}

/* What was not on the hardware for the whole time is no count. */
static bool ran_all_the_time(uint64_t running, uint64_t enabled, char *failure, size_t size) {
    if (running != enabled)
        (void)snprintf(failure, size,
                       "on the hardware for only %llu of %llu ns: too many events, or another user of the counters",
                       (unsigned long long)running, (unsigned long long)enabled);
    else if (enabled == 0)
        (void)snprintf(failure, size, "the counters never ran");
    return running == enabled && enabled;
}

/* Stops; the values are those since the start, the times too. */
static bool read_group(gb_counters *all, gb_counter_group group, group_answer *a, char *failure, size_t size) {
    const gb_perf_backend *be = all->backend;
    gb_perf_group *g = &all->group[group];
    const size_t expected = (3 + (size_t)g->members) * sizeof(uint64_t);
    *a = (group_answer){0};
    const bool stopped = be->control(be->ctx, g->leader, PERF_EVENT_IOC_DISABLE) == 0;
    const int error = errno;
    if (g->start_failure[0] || !stopped) {
        if (g->start_failure[0])
            (void)snprintf(failure, size, "%s", g->start_failure);
        else
            (void)snprintf(failure, size, "the counters could not be stopped: %s", strerror(error));
        return false;
    }
    const ssize_t got = be->read(be->ctx, g->leader, a, sizeof *a);
    if (got < 0)
        (void)snprintf(failure, size, "the counters could not be read: %s", strerror(errno));
    else if ((size_t)got != expected || a->members != (uint64_t)g->members)
        (void)snprintf(failure, size, "the counters answered %zd bytes for %llu events, expected %zu for %d", got,
                       (unsigned long long)a->members, expected, g->members);
    else {
        const uint64_t enabled = a->time_enabled - g->enabled_before;
        const uint64_t running = a->time_running - g->running_before;
        g->enabled_before = a->time_enabled;
        g->running_before = a->time_running;
        return ran_all_the_time(running, enabled, failure, size);
    }
    return false;
}

static bool read_boxes(const gb_counters *all, const gb_open_counter *c, double *sum, char *failure, size_t size) {
    const gb_perf_backend *be = all->backend;
    *sum = 0;
    for (size_t i = 0; i < c->boxes; i++) {
        gb_counter_box *b = &c->box[i];
        uint64_t answer[3] = {0};
        if (be->control(be->ctx, b->fd, PERF_EVENT_IOC_DISABLE) != 0) {
            (void)snprintf(failure, size, "the counters could not be stopped: %s", strerror(errno));
            return false;
        }
        const ssize_t got = be->read(be->ctx, b->fd, answer, sizeof answer);
        if (got != (ssize_t)sizeof answer) {
            (void)snprintf(failure, size, "the counters answered %zd bytes, expected %zu", got, sizeof answer);
            return false;
        }
        const uint64_t enabled = answer[1] - b->enabled_before;
        const uint64_t running = answer[2] - b->running_before;
        b->enabled_before = answer[1];
        b->running_before = answer[2];
        if (!ran_all_the_time(running, enabled, failure, size)) return false;
        *sum += (double)answer[0];
    }
    return true;
}

static bool read_one(const gb_counters *all, const gb_open_counter *c, const group_answer *a, double elapsed,
                     double *count, char *failure, size_t size) {
    if (c->from == GB_OF_THREAD) {
        *count = (double)a->value[c->slot];
        return true;
    }
    if (c->reason[0]) { /* the start failed */
        (void)snprintf(failure, size, "%s", c->reason);
        return false;
    }
    if (elapsed < gb_counters_least_ns(c->group) / 2) {
        (void)snprintf(failure, size, "an interval of %.3g ms is too short: the counter moves once a millisecond",
                       elapsed * 1e-6);
        return false;
    }
    return c->from == GB_OF_PACKAGES ? read_boxes(all, c, count, failure, size)
                                     : gb_rapl_stop(all->backend->root, c->rapl, count, failure, size);
}

void gb_counters_stop(gb_counters *counters, gb_counter_group group, double per, gb_counter_set *set) {
    const gb_perf_backend *be = counters->backend;
    const gb_perf_group *g = &counters->group[group];
    group_answer answer = {0};
    char lost[192] = "";
    const bool valid = g->leader >= 0 && read_group(counters, group, &answer, lost, sizeof lost);
    const double elapsed = (double)(be->now_ns(be->ctx) - g->started);
    for (size_t i = 0; i < counters->count && i < set->count; i++) {
        const gb_open_counter *c = &counters->of[i];
        gb_counter_value *v = &set->of[i];
        double count = 0;
        if (c->group != group || c->from == GB_ABSENT) continue;
        v->reason[0] = 0;
        if (c->from == GB_OF_THREAD && !valid)
            (void)snprintf(v->reason, sizeof v->reason, "%s", lost);
        else if (read_one(counters, c, &answer, elapsed, &count, v->reason, sizeof v->reason))
            v->value = count * c->scale / per;
        v->present = !v->reason[0];
    }
}

/* --- what came of it ---------------------------------------------------------------------------------------------- */

const gb_counter_value *gb_counter_find(const gb_counter_set *set, const char *name) {
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->of[i].name, name) == 0) return set->of[i].present ? &set->of[i] : NULL;
    return NULL;
}

static bool same_line(const gb_counter_value *a, const gb_counter_value *b) {
    return a->group == b->group && a->present == b->present && (a->present || strcmp(a->reason, b->reason) == 0);
}

char *gb_counter_set_text(const gb_counter_set *set) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    for (size_t i = 0; i < set->count; i++) {
        const gb_counter_value *v = &set->of[i];
        size_t first = 0;
        while (!same_line(&set->of[first], v)) first++;
        if (first < i) continue;
        fprintf(out, "%s: ", gb_counter_group_names[v->group]);
        for (size_t j = i; j < set->count; j++)
            if (same_line(&set->of[j], v)) fprintf(out, "%s%s", j > i ? ", " : "", set->of[j].name);
        fprintf(out, "%s%s\n", v->present ? "" : ": absent: ", v->present ? "" : v->reason);
    }
    return fclose(out) == 0 ? text : NULL;
}

char *gb_counters_text(const gb_counters *counters) {
    gb_counter_set set;
    if (gb_counters_new_set(counters, &set, NULL)) return NULL;
    for (size_t i = 0; i < set.count; i++) set.of[i].present = counters->of[i].from != GB_ABSENT;
    char *text = gb_counter_set_text(&set);
    free(set.of);
    return text;
}

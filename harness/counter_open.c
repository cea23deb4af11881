#include "harness/counter_open.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/pmu.h"
#include "harness/sysfs.h"

enum { BOXES = 64 };

/* --- why not ------------------------------------------------------------------------------------------------------ */

/* least: the perf_event_paranoid that would allow it. */
static void explain_refusal(const gb_perf_backend *be, int error, int least, char *reason, size_t size) {
    char line[32];
    const bool known = gb_sysfs_line(be->root, "/proc/sys/kernel/perf_event_paranoid", line, sizeof line);
    const long level = known ? strtol(line, NULL, 10) : -100;
    if ((error == EACCES || error == EPERM) && level > least)
        (void)snprintf(reason, size,
                       "kernel.perf_event_paranoid=%ld: needs <= %d (sysctl kernel.perf_event_paranoid=%d) or "
                       "CAP_PERFMON",
                       level, least, least);
    else if (error == EACCES || error == EPERM)
        (void)snprintf(reason, size,
                       "refused though kernel.perf_event_paranoid=%ld: a container's seccomp profile or a security "
                       "module forbids perf_event_open",
                       level);
    else if (error == ENOENT || error == EOPNOTSUPP || error == ENODEV || error == EINVAL)
        (void)snprintf(reason, size, "%s",
                       gb_sysfs_is_virtual(be->root)
                           ? "not supported by this hypervisor (a virtual PMU would have to be enabled for this guest)"
                           : "not supported by this CPU or kernel");
    else if (error == ENOSYS)
        (void)snprintf(reason, size, "this kernel is built without perf events");
    else if (error == EBUSY)
        (void)snprintf(reason, size,
                       "another user holds the counters (a hypervisor, an NMI watchdog, another profiler)");
    else
        (void)snprintf(reason, size, "perf_event_open failed: %s", strerror(error));
}

/* What came of one way to a counter: UNKNOWN is something that this machine does not have, REFUSED what it does not
 * give.
 */
typedef enum attempt { OPENED, UNKNOWN, REFUSED, NO_MEMORY } attempt;

/* Several ways may fail. What is refused can be mended; of what does not exist, the first name says enough. */
static void add_cause(char *reason, attempt *worst, attempt now, const char *why) {
    if (now < *worst || (now == *worst && (now == UNKNOWN || strstr(reason, why)))) return;
    const size_t n = now == *worst ? strlen(reason) : 0;
    (void)snprintf(reason + n, GB_COUNTER_REASON - n, "%s%s", n ? "; " : "", why);
    *worst = now;
}

/* --- opening ------------------------------------------------------------------------------------------------------ */

void gb_counter_close(const gb_counters *all, gb_open_counter *c) {
    for (size_t i = 0; i < c->boxes; i++) all->backend->close(all->backend->ctx, c->box[i].fd);
    free(c->box);
    free(c->rapl);
    c->box = NULL;
    c->boxes = 0;
    c->rapl = NULL;
    c->from = GB_ABSENT;
}

/* One more event of the counter. cpu < 0: of this thread, in the group of `leader`; else of that CPU's package. */
static attempt open_event(gb_counters *all, gb_open_counter *c, struct perf_event_attr *attr, int cpu, int leader,
                          char *why, size_t size) {
    const gb_perf_backend *be = all->backend;
    gb_counter_box *more = realloc(c->box, (c->boxes + 1) * sizeof *more);
    if (!more) return NO_MEMORY;
    c->box = more;
    attr->size = sizeof *attr;
    attr->read_format |= PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING;
    const int fd = be->open(be->ctx, attr, cpu, leader);
    if (fd < 0) {
        explain_refusal(be, errno, cpu < 0 ? 2 : 0, why, size);
        return REFUSED;
    }
    c->box[c->boxes++] = (gb_counter_box){.fd = fd};
    return OPENED;
}

static attempt open_in_group(gb_counters *all, gb_open_counter *c, struct perf_event_attr *attr, char *why,
                             size_t size) {
    gb_perf_group *g = &all->group[c->group];
    attr->disabled = g->leader < 0;
    attr->exclude_kernel = 1;
    attr->exclude_hv = 1;
    attr->read_format = PERF_FORMAT_GROUP;
    const attempt opened = open_event(all, c, attr, -1, g->leader, why, size);
    if (opened != OPENED) return opened;
    c->from = GB_OF_THREAD;
    c->slot = g->members++;
    if (g->leader < 0) g->leader = c->box[0].fd;
    return OPENED;
}

static struct perf_event_attr attr_of(const gb_pmu_event *e) {
    struct perf_event_attr attr = {.type = e->type, .config = e->config[0]};
    attr.config1 = e->config[1];
    attr.config2 = e->config[2];
    return attr;
}

static double unit_of(const char *unit) {
    return strcmp(unit, "MiB") == 0 ? 0x1p20 : strcmp(unit, "KiB") == 0 ? 0x1p10 : 1;
}

/* One box of a package's, on every CPU that stands for a package. Such events know no privilege levels. */
static attempt open_box(gb_counters *all, gb_open_counter *c, const gb_pmu_event *e, char *why, size_t size) {
    for (size_t i = 0; i < e->cpu_count; i++) {
        struct perf_event_attr attr = attr_of(e);
        attr.disabled = 1;
        const attempt opened = open_event(all, c, &attr, e->cpus[i], -1, why, size);
        if (opened != OPENED) return opened;
    }
    c->from = GB_OF_PACKAGES;
    c->scale = e->scale * unit_of(e->unit);
    return OPENED;
}

/* A column access moves 64 bytes, and AMD's memory controllers name no scale. */
static double scale_of(const char *pmu) {
    return strncmp(pmu, "amd_umc", 7) == 0 ? 64 : 1;
}

static attempt open_one_pmu(gb_counters *all, gb_open_counter *c, const char *pmu, const char *event, char *why,
                            size_t size) {
    gb_pmu_event e;
    if (!gb_pmu_find(all->backend->root, pmu, event, &e, why, size)) return UNKNOWN;
    if (e.cpu_count) {
        const attempt rc = open_box(all, c, &e, why, size);
        c->scale *= scale_of(pmu);
        return rc;
    }
    struct perf_event_attr attr = attr_of(&e);
    c->scale = e.scale;
    return open_in_group(all, c, &attr, why, size);
}

/* "pmu/event/"; "pmu*": all of that beginning that have it, added up. */
static attempt open_pmu(gb_counters *all, gb_open_counter *c, const char *way, char *why, size_t size) {
    char pmu[GB_SYSFS_NAME];
    char event[96];
    char names[BOXES][GB_SYSFS_NAME];
    const size_t n = strcspn(way, "/");
    const size_t m = strcspn(way + n + 1, "/");
    if (n >= sizeof pmu || m >= sizeof event || !m || strcmp(way + n + 1 + m, "/") != 0) {
        (void)snprintf(why, size, "'%.60s' is no pmu/event/", way);
        return UNKNOWN;
    }
    (void)snprintf(pmu, sizeof pmu, "%.*s", (int)n, way);
    (void)snprintf(event, sizeof event, "%.*s", (int)m, way + n + 1);
    if (!n || pmu[n - 1] != '*') return open_one_pmu(all, c, pmu, event, why, size);
    pmu[n - 1] = 0;
    const size_t found = gb_sysfs_names(all->backend->root, "/sys/bus/event_source/devices", pmu, names, BOXES);
    (void)snprintf(why, size, "the kernel has no PMU '%s'%s", way,
                   gb_sysfs_is_virtual(all->backend->root) ? ": not supported by this hypervisor" : "");
    attempt opened = UNKNOWN;
    for (size_t i = 0; i < found; i++) {
        gb_pmu_event e;
        if (!gb_pmu_find(all->backend->root, names[i], event, &e, why, size) || !e.cpu_count) continue;
        opened = open_one_pmu(all, c, names[i], event, why, size);
        if (opened != OPENED) return opened; /* a part of the memory would pass for all of it */
    }
    return opened;
}

static attempt open_powercap(gb_counters *all, gb_open_counter *c, const char *kind, char *why, size_t size) {
    c->rapl = malloc(sizeof *c->rapl);
    if (!c->rapl) return NO_MEMORY;
    const int rc = gb_rapl_open(all->backend->root, kind, c->rapl, why, size);
    if (rc) return rc == GB_EINPUT ? UNKNOWN : REFUSED;
    c->from = GB_OF_POWERCAP;
    return OPENED;
}

static attempt open_way(gb_counters *all, gb_open_counter *c, const char *way, char *why, size_t size) {
    const gb_perf_backend *be = all->backend;
    struct perf_event_attr attr = {.size = sizeof attr};
    c->scale = 1;
    if (strncmp(way, "powercap:", 9) == 0) return open_powercap(all, c, way + 9, why, size);
    if (strchr(way, '/')) return open_pmu(all, c, way, why, size);
    if (be->encode(be->ctx, way, &attr, why, size) != 0) return UNKNOWN;
    return open_in_group(all, c, &attr, why, size);
}

int gb_counter_open(gb_counters *all, const char *name, gb_counter_group group, const char *const *ways,
                    size_t way_count) {
    gb_open_counter *c = &all->of[all->count++];
    *c = (gb_open_counter){.name = name, .group = group};
    attempt worst = OPENED;
    for (size_t i = 0; i < way_count && ways[i]; i++) {
        char why[GB_COUNTER_REASON] = "";
        const attempt now = open_way(all, c, ways[i], why, sizeof why);
        if (now == OPENED) return GB_OK;
        gb_counter_close(all, c);
        if (now == NO_MEMORY) return GB_ESYSTEM;
        add_cause(c->reason, &worst, now, why);
    }
    return GB_OK;
}

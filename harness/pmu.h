/* Events of the kernel's PMUs (/sys/bus/event_source/devices), which libpfm4 does not name for every machine: memory
 * controllers, energy, slots. */
#ifndef GB_HARNESS_PMU_H
#define GB_HARNESS_PMU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GB_PMU_CPUS = 64 };

typedef struct gb_pmu_event {
    uint32_t type;
    uint64_t config[3]; /* config, config1, config2 */
    double scale;       /* a count times this is in the unit */
    char unit[16];      /* "MiB", "Joules", or empty */
    int cpus[GB_PMU_CPUS];
    size_t cpu_count; /* CPUs to open it on, one per package; 0: it counts threads, as those of a core do */
} gb_pmu_event;

/* pmu: name of its folder. event: a name in its events/, or terms of its format ("event=0x0a,rdwrmask=1"). Otherwise
 * false, with a sentence. */
bool gb_pmu_find(const char *root, const char *pmu, const char *event, gb_pmu_event *out, char *why, size_t size);

#endif

/* Facts about this machine, as this process sees them: what a result must say about where it was made. Each is a value
 * or a reason for its absence; nothing is guessed. */
#ifndef GB_HARNESS_MACHINE_H
#define GB_HARNESS_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "harness/topology.h"

/* X(key, kind, meaning): kind TEXT or NUMBER. The order of reports. */
#define GB_MACHINE_FACTS(X)                                                                                            \
    X(architecture, TEXT, "machine architecture (uname -m)")                                                           \
    X(cpu_model, TEXT, "model name of the CPU")                                                                        \
    X(microcode, TEXT, "microcode revision")                                                                           \
    X(features, TEXT, "instruction set extensions of interest that CPU and operating system offer")                    \
    X(isas, TEXT, "tiers of this program that can run here")                                                           \
    X(logical_cpus, NUMBER, "logical CPUs this process may use")                                                       \
    X(physical_cores, NUMBER, "physical cores among them")                                                             \
    X(core_kinds, NUMBER, "kinds of cores (2 on a hybrid machine)")                                                    \
    X(numa_nodes, NUMBER, "NUMA nodes")                                                                                \
    X(l1d_bytes, NUMBER, "level 1 data cache of the first CPU used")                                                   \
    X(l2_bytes, NUMBER, "level 2 cache of that CPU")                                                                   \
    X(l3_bytes, NUMBER, "level 3 cache of that CPU")                                                                   \
    X(memory_bytes, NUMBER, "main memory")                                                                             \
    X(page_bytes, NUMBER, "memory page")                                                                               \
    X(kernel, TEXT, "operating system kernel and release")                                                             \
    X(hypervisor, TEXT, "yes: the CPU says that it is virtual; its name where known")                                  \
    X(governor, TEXT, "frequency governor of the first CPU used")                                                      \
    X(turbo, TEXT, "on or off")                                                                                        \
    X(huge_pages, TEXT, "transparent huge pages: always, madvise or never")                                            \
    X(load_1m, NUMBER, "load average of the last minute, when the program started")                                    \
    X(cpu_quota, NUMBER, "CPUs' worth of time that the control group allows")                                          \
    X(topology_source, TEXT, "where the counts of CPUs and caches come from")

typedef enum gb_fact_id {
#define GB_FACT_ENUM(key, kind, meaning) GB_FACT_##key,
    GB_MACHINE_FACTS(GB_FACT_ENUM)
#undef GB_FACT_ENUM
        GB_FACT_COUNT
} gb_fact_id;

typedef struct gb_fact {
    bool present, is_number;
    double number;
    char text[256]; /* TEXT: the value; absent: the reason */
} gb_fact;

typedef struct gb_machine {
    gb_fact fact[GB_FACT_COUNT];
} gb_machine;

extern const char *const gb_fact_keys[GB_FACT_COUNT];
extern const char *const gb_fact_meanings[GB_FACT_COUNT];

/* Fills all facts. topology may be NULL: then it is read. root: "" for this machine; tests give a directory that holds
 * their own proc/ and sys/. Never fails: what cannot be read is absent. */
void gb_machine_read(gb_machine *machine, const gb_topology *topology, const char *root);

/* The facts as one object, key by key: a value, or {"absent": reason}. The caller deletes it; NULL without memory. */
cJSON *gb_machine_to_json(const gb_machine *machine);
/* The same of this machine, now. */
cJSON *gb_machine_json(void);

/* CPU time stolen by the hypervisor and all CPU time so far, in clock ticks of one CPU, or (cpu < 0) over all of them
 * (/proc/stat). The difference of two reads says how much of a run was stolen. false if it cannot be read. */
bool gb_steal_ticks(const char *root, int cpu, uint64_t *stolen, uint64_t *total);
/* The share that was stolen between two readings, 0 if no tick has passed. Negative: not known, because a counter fell,
 * as when a guest moves to another host. */
double gb_stolen_share(uint64_t stolen_before, uint64_t total_before, uint64_t stolen, uint64_t total);

#endif

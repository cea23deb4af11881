/* --cpu-list and --numa: where threads run and memory lies. */
#ifndef GB_CLI_PLACE_H
#define GB_CLI_PLACE_H

#include <stdbool.h>

#include "harness/numa.h"
#include "harness/pool.h"

enum { GB_PLACE_CPUS = 64 };

typedef struct gb_place {
    const char *cpu_list, *numa_text; /* as given, or NULL */
    int cpus[GB_PLACE_CPUS];
    size_t cpu_count; /* 0: not given */
    gb_numa numa;
} gb_place;

/* The options in a verb's table. */
enum { GB_OPTION_CPU_LIST = 910, GB_OPTION_NUMA };
#define GB_PLACE_LONG                                                                                                  \
    {"cpu-list", required_argument, NULL, GB_OPTION_CPU_LIST}, {                                                       \
        "numa", required_argument, NULL, GB_OPTION_NUMA                                                                \
    }

#define GB_PLACE_HELP                                                                                                  \
    "  --cpu-list LIST  pin to these CPUs, in this order: 0-3,8 (default: one per core, fastest kind first)\n"         \
    "  --numa MODE     memory: local (where the thread that first touches it runs), interleave (over all nodes), or\n" \
    "                  node:N (there; threads run on its CPUs unless --cpu-list says otherwise)\n"

int gb_place_option(gb_place *place, int option, const char *text, gb_error *err);

/* Was either given? */
bool gb_place_given(const gb_place *place);

/* Threads where nobody says how many: the CPUs of the list, else one per physical core of the fastest kind (on the
 * node).
 */
size_t gb_place_threads(const gb_place *place);

/* Up to `wanted` CPUs by the list, else of the node, else by default. GB_EINPUT: one that may not be used, or a node
 * without CPUs. */
int gb_place_choose(const gb_place *place, const gb_topology *topology, size_t wanted, int *cpus, size_t *count,
                    gb_error *err);

#endif

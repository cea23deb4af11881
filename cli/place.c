#include "cli/place.h"

#include <string.h>

#include "cli/engine.h"
#include "harness/cpu_list.h"

int gb_place_option(gb_place *place, int option, const char *text, gb_error *err) {
    if (option == GB_OPTION_NUMA) {
        place->numa_text = text;
        return gb_numa_parse("--numa", text, &place->numa, err);
    }
    place->cpu_list = text;
    return gb_cpu_list_parse("--cpu-list", text, place->cpus, GB_PLACE_CPUS, &place->cpu_count, err);
}

bool gb_place_given(const gb_place *place) {
    return place->cpu_count || place->numa.mode != GB_NUMA_DEFAULT;
}

size_t gb_place_threads(const gb_place *place) {
    gb_topology topology;
    if (place->cpu_count) return place->cpu_count;
    if (gb_topology_read(&topology, NULL) != GB_OK) return gb_default_threads();
    const size_t cores = gb_topology_fast_cores(&topology, place->numa.mode == GB_NUMA_NODE ? place->numa.node : -1);
    gb_topology_free(&topology);
    return cores ? cores : 1; /* a node without CPUs is refused later */
}

int gb_place_choose(const gb_place *place, const gb_topology *topology, size_t wanted, int *cpus, size_t *count,
                    gb_error *err) {
    *count = 0;
    for (size_t i = 0; i < place->cpu_count; i++)
        if (!gb_topology_has_cpu(topology, place->cpus[i]))
            return gb_fail(err, GB_EINPUT, "--cpu-list %s: this process may not use CPU %d", place->cpu_list,
                           place->cpus[i]);
    if (place->cpu_count) {
        *count = wanted < place->cpu_count ? wanted : place->cpu_count;
        memcpy(cpus, place->cpus, *count * sizeof *cpus);
        return GB_OK;
    }
    if (place->numa.mode == GB_NUMA_NODE) {
        *count = gb_topology_node_cpus(topology, place->numa.node, wanted, cpus);
        return *count ? GB_OK
                      : gb_fail(err, GB_EINPUT,
                                "--numa node:%d: no CPU of that node may be used; name some with "
                                "--cpu-list",
                                place->numa.node);
    }
    *count = gb_topology_default_cpus(topology, wanted, cpus);
    return GB_OK;
}

#include "cli/place.h"

#include <string.h>

#include "harness/cpu_list.h"

int gb_place_cpu_list(gb_place *place, const char *text, gb_error *err) {
    place->cpu_list = text;
    return gb_cpu_list_parse("--cpu-list", text, place->cpus, GB_PLACE_CPUS, &place->cpu_count, err);
}

int gb_place_numa(gb_place *place, const char *text, gb_error *err) {
    place->numa_text = text;
    return gb_numa_parse("--numa", text, &place->numa, err);
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

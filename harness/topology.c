#include "harness/topology.h"

#include <stdlib.h>
#include <string.h>

void gb_topology_free(gb_topology *topology) {
    free(topology->cpus);
    free(topology->nodes);
    *topology = (gb_topology){0};
}

/* How many CPUs of the same core stand before this one: 0 for the first, 1 for its SMT sibling. */
static size_t sibling_rank(const gb_topology *t, size_t i) {
    size_t rank = 0;
    for (size_t j = 0; j < i; j++) rank += t->cpus[j].core == t->cpus[i].core;
    return rank;
}

size_t gb_topology_default_cpus(const gb_topology *topology, size_t wanted, int *cpus) {
    size_t n = 0;
    for (size_t rank = 0; n < wanted && rank < topology->cpu_count; rank++)
        for (int kind = (int)topology->kind_count - 1; kind >= 0; kind--)
            for (size_t i = 0; n < wanted && i < topology->cpu_count; i++)
                if (topology->cpus[i].kind == kind && sibling_rank(topology, i) == rank)
                    cpus[n++] = topology->cpus[i].os_index;
    return n;
}

bool gb_topology_has_cpu(const gb_topology *topology, int os_index) {
    for (size_t i = 0; i < topology->cpu_count; i++)
        if (topology->cpus[i].os_index == os_index) return true;
    return false;
}

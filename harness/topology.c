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

static int node_number(const gb_topology *t, const gb_logical_cpu *c) {
    return t->nodes && (size_t)c->node < t->node_count ? t->nodes[c->node].os_index : c->node;
}

/* node: -1: any. */
static size_t choose(const gb_topology *topology, int node, size_t wanted, int *cpus) {
    size_t n = 0;
    for (size_t rank = 0; n < wanted && rank < topology->cpu_count; rank++)
        for (int kind = (int)topology->kind_count - 1; kind >= 0; kind--)
            for (size_t i = 0; n < wanted && i < topology->cpu_count; i++) {
                const gb_logical_cpu *c = &topology->cpus[i];
                if (c->kind == kind && sibling_rank(topology, i) == rank &&
                    (node < 0 || node_number(topology, c) == node))
                    cpus[n++] = c->os_index;
            }
    return n;
}

size_t gb_topology_default_cpus(const gb_topology *topology, size_t wanted, int *cpus) {
    return choose(topology, -1, wanted, cpus);
}

size_t gb_topology_node_cpus(const gb_topology *topology, int node, size_t wanted, int *cpus) {
    return node < 0 ? 0 : choose(topology, node, wanted, cpus);
}

size_t gb_topology_fast_cores(const gb_topology *topology, int node) {
    size_t cores = 0;
    int fastest = 0;
    for (size_t i = 0; i < topology->cpu_count; i++) {
        const gb_logical_cpu *c = &topology->cpus[i];
        if ((node >= 0 && node_number(topology, c) != node) || sibling_rank(topology, i)) continue;
        if (c->kind > fastest) cores = 0;
        if (c->kind > fastest) fastest = c->kind;
        cores += c->kind == fastest;
    }
    return cores;
}

static const gb_logical_cpu *find(const gb_topology *topology, int os_index) {
    for (size_t i = 0; i < topology->cpu_count; i++)
        if (topology->cpus[i].os_index == os_index) return &topology->cpus[i];
    return NULL;
}

int gb_topology_node_of(const gb_topology *topology, int os_index) {
    const gb_logical_cpu *c = find(topology, os_index);
    return c ? node_number(topology, c) : -1;
}

void gb_topology_look_from(gb_topology *topology, int os_index) {
    gb_cache *const seen[3] = {&topology->l1d, &topology->l2, &topology->l3};
    const gb_logical_cpu *c = find(topology, os_index);
    for (int level = 0; c && level < 3; level++) {
        if (!c->cache[level].bytes) continue;
        *seen[level] = (gb_cache){.bytes = c->cache[level].bytes};
        for (size_t i = 0; i < topology->cpu_count; i++)
            seen[level]->sharing += topology->cpus[i].cache[level].id == c->cache[level].id;
    }
}

bool gb_topology_has_cpu(const gb_topology *topology, int os_index) {
    return find(topology, os_index) != NULL;
}

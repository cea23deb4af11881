/* The machine's CPUs and caches, as far as this process may use them. */
#ifndef GB_HARNESS_TOPOLOGY_H
#define GB_HARNESS_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "harness/error.h"

/* The cache of one level that a CPU uses; CPUs with one id share it. 0 bytes: not known. */
typedef struct gb_cpu_cache {
    int id;
    size_t bytes;
} gb_cpu_cache;

typedef struct gb_logical_cpu {
    int os_index;          /* the operating system's number, for pinning */
    int core;              /* physical core, counted from 0 in topology order */
    int kind;              /* 0 = slowest kind of core; larger is faster; all 0 where the kinds are not known */
    int node;              /* NUMA node, counted from 0 */
    int package;           /* counted from 0; -1: not known */
    gb_cpu_cache cache[3]; /* L1d, L2, L3 */
} gb_logical_cpu;

/* Size of one cache and the number of usable logical CPUs that share it; 0 bytes: not known. */
typedef struct gb_cache {
    size_t bytes, sharing;
} gb_cache;

typedef struct gb_numa_node {
    int os_index; /* the operating system's number */
    size_t bytes; /* of its memory; 0: not known */
} gb_numa_node;

typedef struct gb_topology {
    gb_logical_cpu *cpus; /* usable ones (cgroup and affinity mask), in topology order */
    size_t cpu_count, core_count, kind_count, node_count;
    gb_numa_node *nodes;  /* node_count, or NULL: not known */
    bool smt;             /* some core has more than one usable logical CPU */
    gb_cache l1d, l2, l3; /* as seen from the first default CPU (gb_topology_default_cpus), or another */
    char source[128];     /* where the facts come from: "hwloc 2.9.0", or what is missing without it */
} gb_topology;

/* Reads this machine. Owned by the caller, freed by gb_topology_free(). */
int gb_topology_read(gb_topology *topology, gb_error *err);

/* For tests: a machine described by an hwloc synthetic string ("numa:2 core:4 pu:2"); core_kinds: kind of each core, or
 * NULL. GB_EINPUT without hwloc. */
int gb_topology_synthetic(const char *description, const int *core_kinds, size_t core_kind_count, gb_topology *topology,
                          gb_error *err);

void gb_topology_free(gb_topology *topology);

/* A tree: packages, NUMA nodes, last caches, groups of equal cores with their caches and threads. */
int gb_topology_print(FILE *out, const gb_topology *topology, gb_error *err);

/* The first `wanted` CPUs to use: one per physical core, fastest kind first, then the second logical CPU of each core,
 * and so on. Writes min(wanted, cpu_count) operating-system numbers and returns how many. */
size_t gb_topology_default_cpus(const gb_topology *topology, size_t wanted, int *cpus);

/* The same of one NUMA node, by the operating system's number. */
size_t gb_topology_node_cpus(const gb_topology *topology, int node, size_t wanted, int *cpus);

/* Physical cores of the fastest kind that is there, on a node by the operating system's number, or (-1) on all. */
size_t gb_topology_fast_cores(const gb_topology *topology, int node);

/* The operating system's number of a CPU's NUMA node; -1: no such CPU. */
int gb_topology_node_of(const gb_topology *topology, int os_index);

/* l1d, l2 and l3 as seen from this CPU, where its caches are known. */
void gb_topology_look_from(gb_topology *topology, int os_index);

/* Is this operating-system number a CPU that the process may use? */
bool gb_topology_has_cpu(const gb_topology *topology, int os_index);

#endif

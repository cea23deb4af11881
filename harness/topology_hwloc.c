/* Where the topology comes from: hwloc, or, in a build without it, the affinity mask and sysconf(). */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/alloc.h"
#include "harness/topology.h"

#ifdef GB_HAVE_HWLOC

#include <hwloc.h>

/* Kinds of cores in order of speed; 1 if hwloc cannot order them. */
static int count_kinds(hwloc_topology_t hw) {
    const int kinds = hwloc_cpukinds_get_nr(hw, 0);
    int efficiency = -1;
    if (kinds < 2 || hwloc_cpukinds_get_info(hw, 0, NULL, &efficiency, NULL, NULL, 0) != 0 || efficiency < 0) return 1;
    return kinds;
}

/* Kind of the CPU's core; cores of no known kind count as the slowest. */
static int kind_of(hwloc_topology_t hw, hwloc_obj_t pu) {
    const int kind = hwloc_cpukinds_get_by_cpuset(hw, pu->cpuset, 0);
    return kind > 0 ? kind : 0;
}

static gb_cache cache_above(hwloc_obj_t pu, hwloc_obj_type_t type, hwloc_const_bitmap_t usable) {
    gb_cache cache = {0};
    for (hwloc_obj_t o = pu->parent; o; o = o->parent) {
        if (o->type != type) continue;
        cache.bytes = (size_t)o->attr->cache.size;
        hwloc_bitmap_t shared = hwloc_bitmap_alloc();
        if (shared && hwloc_bitmap_and(shared, o->cpuset, usable) == 0)
            cache.sharing = (size_t)hwloc_bitmap_weight(shared);
        hwloc_bitmap_free(shared);
        break;
    }
    return cache;
}

/* The same of one CPU, for the tree. */
static gb_cpu_cache own_cache(hwloc_obj_t pu, hwloc_obj_type_t type) {
    for (hwloc_obj_t o = pu->parent; o; o = o->parent)
        if (o->type == type) return (gb_cpu_cache){.id = (int)o->logical_index, .bytes = (size_t)o->attr->cache.size};
    return (gb_cpu_cache){.id = -1};
}

static int package_of(hwloc_topology_t hw, hwloc_obj_t pu) {
    const hwloc_obj_t package = hwloc_get_ancestor_obj_by_type(hw, HWLOC_OBJ_PACKAGE, pu);
    return package ? (int)package->logical_index : -1;
}

static int copy_nodes(hwloc_topology_t hw, gb_topology *t, gb_error *err) {
    const int nodes = hwloc_get_nbobjs_by_type(hw, HWLOC_OBJ_NUMANODE);
    t->node_count = nodes > 0 ? (size_t)nodes : 1;
    t->nodes = gb_new(t->node_count, sizeof *t->nodes, "NUMA nodes", err);
    if (!t->nodes) return GB_ESYSTEM;
    for (int i = 0; i < nodes; i++) {
        const hwloc_obj_t node = hwloc_get_obj_by_type(hw, HWLOC_OBJ_NUMANODE, (unsigned)i);
        t->nodes[i].os_index = node ? (int)node->os_index : i;
        if (node && node->attr) t->nodes[i].bytes = (size_t)node->attr->numanode.local_memory;
    }
    return GB_OK;
}

static hwloc_obj_t next_pu(hwloc_topology_t hw, hwloc_obj_t previous, hwloc_const_bitmap_t usable) {
    do previous = hwloc_get_next_obj_by_type(hw, HWLOC_OBJ_PU, previous);
    while (previous && !hwloc_bitmap_isset(usable, previous->os_index));
    return previous;
}

static int node_of(hwloc_topology_t hw, hwloc_obj_t pu) {
    hwloc_obj_t node = NULL;
    while ((node = hwloc_get_next_obj_by_type(hw, HWLOC_OBJ_NUMANODE, node)))
        if (node->cpuset && hwloc_bitmap_isincluded(pu->cpuset, node->cpuset)) return (int)node->logical_index;
    return 0;
}

/* Copies the facts of the usable CPUs out of hwloc's tree. */
static int extract(hwloc_topology_t hw, hwloc_const_bitmap_t usable, gb_topology *t, gb_error *err) {
    const int weight = hwloc_bitmap_weight(usable);
    if (weight < 1) return gb_fail(err, GB_ESYSTEM, "hwloc finds no CPU that this process may use");
    t->cpus = gb_new((size_t)weight, sizeof *t->cpus, "CPU list", err);
    if (!t->cpus) return GB_ESYSTEM;
    const int kinds = count_kinds(hw);
    t->kind_count = (size_t)kinds;
    int core = -1;
    hwloc_obj_t last_core = NULL;
    for (hwloc_obj_t pu = NULL; (pu = next_pu(hw, pu, usable)) && t->cpu_count < (size_t)weight;) {
        hwloc_obj_t in = hwloc_get_ancestor_obj_by_type(hw, HWLOC_OBJ_CORE, pu);
        if (in && in == last_core)
            t->smt = true;
        else
            core++;
        last_core = in;
        t->cpus[t->cpu_count++] =
            (gb_logical_cpu){.os_index = (int)pu->os_index,
                             .core = core,
                             .kind = kinds > 1 ? kind_of(hw, pu) : 0,
                             .node = node_of(hw, pu),
                             .package = package_of(hw, pu),
                             .cache = {own_cache(pu, HWLOC_OBJ_L1CACHE), own_cache(pu, HWLOC_OBJ_L2CACHE),
                                       own_cache(pu, HWLOC_OBJ_L3CACHE)}};
    }
    t->core_count = (size_t)core + 1;
    if (copy_nodes(hw, t, err)) return GB_ESYSTEM;
    int first = 0;
    (void)gb_topology_default_cpus(t, 1, &first);
    hwloc_obj_t pu = hwloc_get_pu_obj_by_os_index(hw, (unsigned)first);
    if (pu) {
        t->l1d = cache_above(pu, HWLOC_OBJ_L1CACHE, usable);
        t->l2 = cache_above(pu, HWLOC_OBJ_L2CACHE, usable);
        t->l3 = cache_above(pu, HWLOC_OBJ_L3CACHE, usable);
    }
    const unsigned v = hwloc_get_api_version();
    (void)snprintf(t->source, sizeof t->source, "hwloc %u.%u.%u", v >> 16, v >> 8 & 0xffU, v & 0xffU);
    return GB_OK;
}

/* All cores of one kind at once: hwloc takes every call for a kind of its own. */
static int register_kind(hwloc_topology_t hw, const int *kinds, size_t count, int kind) {
    hwloc_bitmap_t set = hwloc_bitmap_alloc();
    int ok = set != NULL;
    for (size_t i = 0; ok && i < count; i++) {
        hwloc_obj_t core = hwloc_get_obj_by_type(hw, HWLOC_OBJ_CORE, (unsigned)i);
        ok = core && (kinds[i] != kind || hwloc_bitmap_or(set, set, core->cpuset) == 0);
    }
    ok = ok && hwloc_cpukinds_register(hw, set, kind, 0, NULL, 0) == 0;
    hwloc_bitmap_free(set);
    return ok;
}

static int register_kinds(hwloc_topology_t hw, const int *kinds, size_t count, gb_error *err) {
    for (size_t i = 0; i < count; i++) {
        size_t first = 0;
        while (kinds[first] != kinds[i]) first++;
        if (first == i && !register_kind(hw, kinds, count, kinds[i]))
            return gb_fail(err, GB_EINPUT, "synthetic topology: hwloc refuses kind %d for %zu cores", kinds[i], count);
    }
    return GB_OK;
}

static int read_hwloc(const char *synthetic, const int *kinds, size_t kind_count, gb_topology *t, gb_error *err) {
    *t = (gb_topology){0};
    hwloc_topology_t hw = NULL;
    if (hwloc_topology_init(&hw) != 0) return gb_fail(err, GB_ESYSTEM, "hwloc cannot start");
    int rc = GB_OK;
    hwloc_bitmap_t usable = NULL;
    if (synthetic && hwloc_topology_set_synthetic(hw, synthetic) != 0)
        rc = gb_fail(err, GB_EINPUT, "hwloc does not understand the synthetic topology '%s'", synthetic);
    else if (hwloc_topology_load(hw) != 0)
        rc = gb_fail(err, GB_ESYSTEM, "hwloc cannot read this machine's topology");
    else if (!(usable = hwloc_bitmap_dup(hwloc_topology_get_allowed_cpuset(hw))))
        rc = gb_fail(err, GB_ESYSTEM, "topology: out of memory");
    if (!rc && synthetic) {
        rc = register_kinds(hw, kinds, kinds ? kind_count : 0, err);
    } else if (!rc) {
        hwloc_bitmap_t mine = hwloc_bitmap_alloc();
        if (mine && hwloc_get_cpubind(hw, mine, HWLOC_CPUBIND_PROCESS) == 0)
            (void)hwloc_bitmap_and(usable, usable, mine);
        hwloc_bitmap_free(mine);
    }
    if (!rc) rc = extract(hw, usable, t, err);
    if (rc) gb_topology_free(t);
    hwloc_bitmap_free(usable);
    hwloc_topology_destroy(hw);
    return rc;
}

int gb_topology_read(gb_topology *topology, gb_error *err) {
    return read_hwloc(NULL, NULL, 0, topology, err);
}

int gb_topology_synthetic(const char *description, const int *core_kinds, size_t core_kind_count, gb_topology *topology,
                          gb_error *err) {
    return read_hwloc(description, core_kinds, core_kind_count, topology, err);
}

#else

static size_t cache_size(int name) {
    const long v = sysconf(name);
    return v > 0 ? (size_t)v : 0;
}

int gb_topology_read(gb_topology *topology, gb_error *err) {
    *topology = (gb_topology){.kind_count = 1, .node_count = 1};
    cpu_set_t mask;
    if (sched_getaffinity(0, sizeof mask, &mask) != 0)
        return gb_fail(err, GB_ESYSTEM, "cannot read the CPUs this process may use, and hwloc is not built in");
    topology->cpus = gb_new((size_t)CPU_COUNT(&mask), sizeof *topology->cpus, "CPU list", err);
    if (!topology->cpus) return GB_ESYSTEM;
    for (int i = 0; i < CPU_SETSIZE; i++)
        if (CPU_ISSET((size_t)i, &mask)) {
            const int n = (int)topology->cpu_count++;
            topology->cpus[n] = (gb_logical_cpu){.os_index = i, .core = n, .package = -1};
        }
    topology->core_count = topology->cpu_count;
    topology->l1d.bytes = cache_size(_SC_LEVEL1_DCACHE_SIZE);
    topology->l2.bytes = cache_size(_SC_LEVEL2_CACHE_SIZE);
    topology->l3.bytes = cache_size(_SC_LEVEL3_CACHE_SIZE);
    (void)snprintf(topology->source, sizeof topology->source,
                   "sched_getaffinity: hwloc is not built in, so cores, SMT, kinds and NUMA nodes are not known");
    return GB_OK;
}

int gb_topology_synthetic(const char *description, const int *core_kinds, size_t core_kind_count, gb_topology *topology,
                          gb_error *err) {
    (void)core_kinds;
    (void)core_kind_count;
    *topology = (gb_topology){0};
    return gb_fail(err, GB_EINPUT, "synthetic topology '%s': hwloc is not built in", description);
}

#endif

/* The topology as a tree of text: package, NUMA node, last cache, and below it groups of equal cores. */
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "harness/cpu_list.h"
#include "harness/topology.h"

enum { MOST_SIBLINGS = 8 };

/* Which CPUs a line is about: those whose places equal the sample's down to a depth. */
typedef enum depth { MACHINE, PACKAGE, NODE, LAST_CACHE, CORES } depth;

static size_t threads_of(const gb_topology *t, const gb_logical_cpu *c) {
    size_t n = 0;
    for (size_t i = 0; i < t->cpu_count; i++) n += t->cpus[i].core == c->core;
    return n;
}

static size_t sharing(const gb_topology *t, const gb_logical_cpu *c, int level) {
    size_t n = 0;
    for (size_t i = 0; i < t->cpu_count; i++)
        n += c->cache[level].bytes && t->cpus[i].cache[level].id == c->cache[level].id;
    return n;
}

static bool alike(const gb_topology *t, const gb_logical_cpu *a, const gb_logical_cpu *b) {
    if (a->kind != b->kind || threads_of(t, a) != threads_of(t, b)) return false;
    for (int level = 0; level < 2; level++)
        if (a->cache[level].bytes != b->cache[level].bytes || sharing(t, a, level) != sharing(t, b, level))
            return false;
    return true;
}

static bool together(const gb_topology *t, const gb_logical_cpu *a, const gb_logical_cpu *b, depth d) {
    if (d >= PACKAGE && a->package != b->package) return false;
    if (d >= NODE && a->node != b->node) return false;
    if (d >= LAST_CACHE && (a->cache[2].id != b->cache[2].id || !a->cache[2].bytes != !b->cache[2].bytes)) return false;
    return d < CORES || alike(t, a, b);
}

static const char *size_text(size_t bytes, char text[32]) {
    if (bytes >= (size_t)1 << 30)
        (void)snprintf(text, 32, "%.4g GiB", (double)bytes / 0x1p30);
    else if (bytes >= (size_t)1 << 20)
        (void)snprintf(text, 32, "%.4g MiB", (double)bytes / 0x1p20);
    else
        (void)snprintf(text, 32, "%.4g KiB", (double)bytes / 0x1p10);
    return text;
}

static int ascending(const void *a, const void *b) {
    const int x = *(const int *)a;
    const int y = *(const int *)b;
    return (x > y) - (x < y);
}

/* "CPUs 0-3": of all together with c. scratch: cpu_count numbers. */
static void print_cpus(FILE *out, const gb_topology *t, const gb_logical_cpu *c, depth d, int *scratch) {
    size_t n = 0;
    char text[512];
    for (size_t i = 0; i < t->cpu_count; i++)
        if (together(t, &t->cpus[i], c, d)) scratch[n++] = t->cpus[i].os_index;
    qsort(scratch, n, sizeof *scratch, ascending);
    gb_cpu_list_print(scratch, n, text, sizeof text);
    fprintf(out, "%s %s", n == 1 ? "CPU" : "CPUs", text);
}

static void print_cache(FILE *out, const gb_topology *t, const gb_logical_cpu *c, int level, const char *name) {
    char text[32];
    if (!c->cache[level].bytes) return;
    fprintf(out, ", %s %s", name, size_text(c->cache[level].bytes, text));
    const size_t n = sharing(t, c, level);
    if (n > threads_of(t, c)) fprintf(out, " for %zu CPUs", n);
}

/* "; siblings 0+4, 1+5": the threads of each core of the group, of many cores the first ones. */
static void print_siblings(FILE *out, const gb_topology *t, const gb_logical_cpu *c) {
    size_t shown = 0;
    for (size_t i = 0; i < t->cpu_count; i++) {
        const gb_logical_cpu *first = &t->cpus[i];
        if (!together(t, first, c, CORES) || (i > 0 && t->cpus[i - 1].core == first->core)) continue;
        if (shown == MOST_SIBLINGS) fputs(" ...", out);
        if (shown++ >= MOST_SIBLINGS) return;
        fputs(shown == 1 ? "; siblings" : ",", out);
        for (size_t j = i; j < t->cpu_count && t->cpus[j].core == first->core; j++)
            fprintf(out, "%s%d", j > i ? "+" : " ", t->cpus[j].os_index);
    }
}

static void print_cores(FILE *out, const gb_topology *t, const gb_logical_cpu *c, int *scratch) {
    size_t cores = 0;
    const size_t threads = threads_of(t, c);
    for (size_t i = 0; i < t->cpu_count; i++) cores += together(t, &t->cpus[i], c, CORES);
    if (threads) cores /= threads; /* c itself is one of them */
    fprintf(out, "%zu core%s", cores, cores == 1 ? "" : "s");
    if (t->kind_count > 1)
        fprintf(out, " of kind %d%s", c->kind,
                c->kind == (int)t->kind_count - 1 ? " (P, the fastest)"
                : c->kind == 0                    ? " (E, the slowest)"
                                                  : "");
    print_cache(out, t, c, 0, "L1d");
    print_cache(out, t, c, 1, "L2");
    if (threads > 1) fprintf(out, ", %zu threads each (SMT)", threads);
    fprintf(out, ": ");
    print_cpus(out, t, c, CORES, scratch);
    if (threads > 1) print_siblings(out, t, c);
}

static void print_head(FILE *out, const gb_topology *t, const gb_logical_cpu *c, depth d, int *scratch) {
    char text[32];
    fprintf(out, "%*s", 2 * (int)d, "");
    if (d == PACKAGE && c->package < 0) fprintf(out, "package not known: ");
    if (d == PACKAGE && c->package >= 0) fprintf(out, "package %d: ", c->package);
    if (d == NODE) {
        const gb_numa_node *node = t->nodes && (size_t)c->node < t->node_count ? &t->nodes[c->node] : NULL;
        fprintf(out, "NUMA node %d: ", node ? node->os_index : c->node);
        if (node && node->bytes) fprintf(out, "%s, ", size_text(node->bytes, text));
    }
    if (d == LAST_CACHE) {
        if (c->cache[2].bytes)
            fprintf(out, "L3 %s: ", size_text(c->cache[2].bytes, text));
        else
            fprintf(out, "no L3 known: ");
    }
    if (d == CORES)
        print_cores(out, t, c, scratch);
    else
        print_cpus(out, t, c, d, scratch);
    fputc('\n', out);
}

static void print_below(FILE *out, const gb_topology *t, const gb_logical_cpu *above, depth d, int *scratch) {
    for (size_t i = 0; i < t->cpu_count; i++) {
        const gb_logical_cpu *c = &t->cpus[i];
        if (above && !together(t, above, c, d - 1)) continue;
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++) seen = together(t, &t->cpus[j], c, d);
        if (seen) continue;
        print_head(out, t, c, d, scratch);
        if (d < CORES) print_below(out, t, c, d + 1, scratch);
    }
}

int gb_topology_print(FILE *out, const gb_topology *t, gb_error *err) {
    int *scratch = gb_new(t->cpu_count, sizeof *scratch, "topology: CPU list", err);
    if (!scratch) return GB_ESYSTEM;
    size_t packages = 0;
    for (size_t i = 0; i < t->cpu_count; i++) {
        bool seen = false;
        for (size_t j = 0; j < i && !seen; j++) seen = t->cpus[j].package == t->cpus[i].package;
        packages += !seen;
    }
    fprintf(out, "topology: %zu package%s, %zu NUMA node%s, %zu core%s, %zu logical CPU%s (%s)\n", packages,
            packages == 1 ? "" : "s", t->node_count, t->node_count == 1 ? "" : "s", t->core_count,
            t->core_count == 1 ? "" : "s", t->cpu_count, t->cpu_count == 1 ? "" : "s", t->source);
    print_below(out, t, NULL, PACKAGE, scratch);
    free(scratch);
    return GB_OK;
}

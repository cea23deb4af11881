#include "harness/numa.h"

#include <errno.h>
#include <linux/mempolicy.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LOOKS = 256, BITS = 8 * sizeof(unsigned long), WORDS = GB_MOST_NODES / BITS };

static int system_policy(void *ctx, int policy, const unsigned long *nodes, unsigned long bits) {
    (void)ctx;
    return (int)syscall(SYS_set_mempolicy, policy, nodes, bits);
}

static int system_where(void *ctx, size_t count, void **pages, int *status) {
    (void)ctx;
    return (int)syscall(SYS_move_pages, 0, count, pages, NULL, status, 0);
}

static int system_bind(void *ctx, void *from, size_t bytes, int policy, const unsigned long *nodes,
                       unsigned long bits) {
    (void)ctx;
    return (int)syscall(SYS_mbind, from, bytes, policy, nodes, bits, MPOL_MF_MOVE);
}

const gb_numa_backend gb_numa_system = {.set_policy = system_policy, .where = system_where, .bind = system_bind};

int gb_numa_parse(const char *option, const char *text, gb_numa *out, gb_error *err) {
    *out = (gb_numa){.mode = GB_NUMA_DEFAULT};
    if (strcmp(text, "local") == 0) out->mode = GB_NUMA_LOCAL;
    if (strcmp(text, "interleave") == 0) out->mode = GB_NUMA_INTERLEAVE;
    if (strncmp(text, "node:", 5) == 0 && text[5] >= '0' && text[5] <= '9') {
        char *end = NULL;
        const unsigned long node = strtoul(text + 5, &end, 10);
        if (!*end && node < GB_MOST_NODES) *out = (gb_numa){.mode = GB_NUMA_NODE, .node = (int)node};
    }
    if (out->mode != GB_NUMA_DEFAULT) return GB_OK;
    return gb_fail(err, GB_EINPUT, "%s '%s': expected local, interleave or node:N", option, text);
}

static void set_bit(unsigned long *mask, int node) {
    if (node >= 0 && node < GB_MOST_NODES) mask[node / BITS] |= 1UL << (unsigned)node % BITS;
}

static int has_node(const gb_topology *t, int os_index) {
    for (size_t i = 0; i < t->node_count; i++)
        if ((t->nodes ? t->nodes[i].os_index : (int)i) == os_index) return 1;
    return 0;
}

static int refused(int error, gb_error *err) {
    const char *fix = error == ENOSYS  ? "the kernel is built without NUMA"
                      : error == EPERM ? "a seccomp filter, often a container's, forbids it"
                                       : strerror(error);
    return gb_fail(err, GB_EINPUT, "--numa: the system refuses the memory policy (set_mempolicy): %s", fix);
}

/* The kernel's words for it; false: as the system is set up. */
static bool policy_of(const gb_numa *numa, const gb_topology *t, unsigned long mask[WORDS], int *policy) {
    memset(mask, 0, WORDS * sizeof *mask);
    *policy = MPOL_LOCAL;
    if (numa->mode == GB_NUMA_NODE) {
        *policy = MPOL_BIND;
        set_bit(mask, numa->node);
    }
    if (numa->mode == GB_NUMA_INTERLEAVE) {
        *policy = MPOL_INTERLEAVE;
        for (size_t i = 0; i < t->node_count; i++) set_bit(mask, t->nodes ? t->nodes[i].os_index : (int)i);
    }
    return numa->mode != GB_NUMA_DEFAULT;
}

int gb_numa_apply(const gb_numa *numa, const gb_topology *t, const gb_numa_backend *backend, gb_error *err) {
    unsigned long mask[WORDS];
    int policy = 0;
    if (!policy_of(numa, t, mask, &policy)) return GB_OK;
    if (numa->mode == GB_NUMA_NODE && !has_node(t, numa->node))
        return gb_fail(err, GB_EINPUT, "--numa node:%d: no such node; this machine has %zu", numa->node, t->node_count);
    /* the kernel reads one bit less than it is told */
    const int rc = backend->set_policy(backend->ctx, policy, policy == MPOL_LOCAL ? NULL : mask,
                                       policy == MPOL_LOCAL ? 0 : GB_MOST_NODES + 1);
    if (rc == 0 || (errno == ENOSYS && t->node_count == 1)) return GB_OK; /* one node: everything is as asked */
    return refused(errno, err);
}

void gb_numa_move(const gb_numa *numa, const gb_topology *t, const gb_numa_backend *backend, const void *from,
                  size_t bytes, gb_placement *p) {
    unsigned long mask[WORDS];
    int policy = 0;
    const long page = sysconf(_SC_PAGESIZE);
    if (!policy_of(numa, t, mask, &policy) || policy == MPOL_LOCAL || page < 1 || bytes == 0 || t->node_count == 1)
        return;
    const uintptr_t size = (uintptr_t)page;
    const uintptr_t first = (uintptr_t)from / size * size;
    const size_t whole = (size_t)(((uintptr_t)from + bytes - first + size - 1) / size * size);
    void *start = (void *)first; /* NOLINT(performance-no-int-to-ptr): a page address */
    if (backend->bind(backend->ctx, start, whole, policy, mask, GB_MOST_NODES + 1) != 0)
        (void)snprintf(p->note, sizeof p->note, "not moved (mbind: %s)", strerror(errno));
}

void gb_numa_look(const gb_numa_backend *backend, const void *from, size_t bytes, gb_placement *p) {
    const long page = sysconf(_SC_PAGESIZE);
    void *pages[LOOKS];
    int status[LOOKS];
    if (page < 1 || bytes == 0) return;
    const uintptr_t size = (uintptr_t)page;
    const uintptr_t first = (uintptr_t)from / size;
    const size_t all = (size_t)(((uintptr_t)from + bytes - 1) / size - first) + 1;
    const size_t count = all < LOOKS ? all : LOOKS;
    for (size_t i = 0; i < count; i++) {
        pages[i] = (void *)((first + all / count * i) * size); /* NOLINT(performance-no-int-to-ptr): page addresses */
        status[i] = -ENOENT;
    }
    if (backend->where(backend->ctx, count, pages, status) != 0) {
        (void)snprintf(p->note, sizeof p->note, "not visible (move_pages: %s)", strerror(errno));
        return;
    }
    p->pages += count;
    for (size_t i = 0; i < count; i++) {
        const int known = status[i] >= 0 && status[i] < GB_MOST_NODES;
        *(known ? &p->on[status[i]] : &p->elsewhere) += 1;
    }
}

/* Pages where they should not be; interleave asks for no node in particular. */
static size_t misplaced(const gb_placement *p, const gb_numa *asked, int cpu_node) {
    if (asked->mode != GB_NUMA_LOCAL && asked->mode != GB_NUMA_NODE) return 0;
    const int node = asked->mode == GB_NUMA_NODE ? asked->node : cpu_node;
    const size_t right = node >= 0 && node < GB_MOST_NODES ? p->on[node] : 0;
    return p->pages - right;
}

void gb_placement_text(const gb_placement *p, const gb_numa *asked, int cpu_node, char *text, size_t size) {
    size_t used = 0;
    text[0] = 0;
    if (p->note[0] || p->pages == 0) {
        (void)snprintf(text, size, "%s", p->note[0] ? p->note : "no page was looked at");
        return;
    }
    const double percent = 100 / (double)p->pages;
    for (int node = 0; node < GB_MOST_NODES && used < size; node++)
        if (p->on[node])
            used += (size_t)snprintf(text + used, size - used, "%snode %d: %.0f %%", used ? ", " : "", node,
                                     (double)p->on[node] * percent);
    if (p->elsewhere && used < size)
        used += (size_t)snprintf(text + used, size - used, "%snot in memory: %.0f %%", used ? ", " : "",
                                 (double)p->elsewhere * percent);
    const size_t wrong = misplaced(p, asked, cpu_node);
    if (used < size) used += (size_t)snprintf(text + used, size - used, " of %zu pages looked at", p->pages);
    if (wrong && used < size)
        (void)snprintf(text + used, size - used, "; NOT AS ASKED: %.1f %%", (double)wrong * percent);
}

/* Where memory lies: a policy for what this thread and its later threads touch first, and a look at where pages ended
 * up. */
#ifndef GB_HARNESS_NUMA_H
#define GB_HARNESS_NUMA_H

#include "harness/topology.h"

typedef enum gb_numa_mode { GB_NUMA_DEFAULT, GB_NUMA_LOCAL, GB_NUMA_INTERLEAVE, GB_NUMA_NODE } gb_numa_mode;

typedef struct gb_numa {
    gb_numa_mode mode;
    int node; /* NODE: the operating system's number */
} gb_numa;

/* The system behind it; tests put their own in its place. Each call behaves like the system call it stands for: -1 and
 * errno on failure. */
typedef struct gb_numa_backend {
    int (*set_policy)(void *ctx, int policy, const unsigned long *nodes, unsigned long bits); /* set_mempolicy */
    int (*where)(void *ctx, size_t count, void **pages, int *status); /* move_pages that moves nothing */
    /* mbind of whole pages, those that exist included */
    int (*bind)(void *ctx, void *from, size_t bytes, int policy, const unsigned long *nodes, unsigned long bits);
    void *ctx;
} gb_numa_backend;

extern const gb_numa_backend gb_numa_system;

/* "local", "interleave", "node:N". */
int gb_numa_parse(const char *option, const char *text, gb_numa *out, gb_error *err);

/* local: on the node of the thread that touches first; interleave: page by page over all nodes; node: there and nowhere
 * else. GB_EINPUT: no such node, or the system refuses, with the cause. */
int gb_numa_apply(const gb_numa *numa, const gb_topology *topology, const gb_numa_backend *backend, gb_error *err);

enum { GB_MOST_NODES = 256 };

/* Pages looked at, added up over calls. */
typedef struct gb_placement {
    size_t pages, elsewhere;  /* elsewhere: not in memory, or on a node that was not asked about */
    size_t on[GB_MOST_NODES]; /* by the operating system's number */
    char note[128];           /* why nothing could be seen; empty otherwise */
} gb_placement;

/* What lies in memory already, as the page cache of a mapped file, is moved to where it was asked for: interleave and
 * node only. Pages that others use too stay; gb_numa_look tells. A refusal becomes the placement's note. */
void gb_numa_move(const gb_numa *numa, const gb_topology *topology, const gb_numa_backend *backend, const void *from,
                  size_t bytes, gb_placement *placement);

/* Looks at up to 256 pages, evenly spread over the range. */
void gb_numa_look(const gb_numa_backend *backend, const void *from, size_t bytes, gb_placement *placement);

/* "node 0: 100 %", and whether that is what was asked for. cpu_node: of the thread that touched (local). */
void gb_placement_text(const gb_placement *placement, const gb_numa *asked, int cpu_node, char *text, size_t size);

#endif

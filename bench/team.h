/* Kernels timed as a model runs them: by a team of pinned threads at the same time, on data where a model's would lie.
 * One measurement is enough for all who ask for the same. */
#ifndef GB_BENCH_TEAM_H
#define GB_BENCH_TEAM_H

#include "bench/work.h"
#include "harness/error.h"
#include "harness/topology.h"
#include "kernels/registry.h"

typedef struct gb_team_options {
    gb_cap cap;
    const gb_topology *topology;
    size_t threads;
    const int *cpus; /* as in harness/pool.h */
    size_t cpu_count;
    uint64_t seed; /* of the data */
    double ms;     /* measured time per kernel, at least; at least five samples are taken */
} gb_team_options;

/* What each of `threads` threads does, 1 (the others sleep) or all of the team. */
typedef struct gb_team_task {
    gb_format format;
    gb_op op;
    gb_shape shape;
    size_t calls; /* of an operation on rows: on so many rows of data, one after the other */
    size_t threads;
    size_t set; /* of a matrix: bytes of copies that all threads together walk through; at least one each */
} gb_team_task;

typedef struct gb_team gb_team;

/* Starts the threads; the calling one is pinned as the first until gb_team_free(). */
int gb_team_new(const gb_team_options *options, gb_team **out, gb_error *err);
void gb_team_free(gb_team *team);

/* ns of one call, median of several samples; all threads work, the slowest one counts. A set beyond four times the last
 * cache is as good as that. */
int gb_team_kernel(gb_team *team, const gb_team_task *task, double *ns, gb_error *err);
/* 10^9 bytes per second that all threads together read of a set of this size. */
int gb_team_bandwidth(gb_team *team, size_t set, double *gbps, gb_error *err);
/* ns that reading a byte of a mapped file takes longer than one in huge pages, all threads together, each in turn: what
 * the pages of the page cache cost, which may be small or large. The pages should be there. */
int gb_team_mapping(gb_team *team, const uint8_t *data, size_t bytes, double *ns, gb_error *err);
/* ns of starting and awaiting the team with nothing to do; 0 for one thread: nothing is started. */
double gb_team_barrier(gb_team *team);

#endif

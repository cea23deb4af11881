/* Timing of kernels: verified in the same run, one pinned thread, randomized order, medians with their intervals. */
#ifndef GB_BENCH_H
#define GB_BENCH_H

#include <stdbool.h>

#include "bench/case.h"
#include "harness/conditions.h"
#include "harness/counters.h"
#include "harness/numa.h"
#include "harness/stats.h"
#include "harness/topology.h"
#include "kernels/registry.h"
#include "verify/verify.h"

/* Where the working set lies: half of a cache, or four times the last one. */
#define GB_BENCH_LEVELS(X)                                                                                             \
    X(l1)                                                                                                              \
    X(l2)                                                                                                              \
    X(l3)                                                                                                              \
    X(dram)

typedef enum gb_bench_level {
#define GB_BENCH_LEVEL_ENUM(name) GB_BENCH_LEVEL_##name,
    GB_BENCH_LEVELS(GB_BENCH_LEVEL_ENUM)
#undef GB_BENCH_LEVEL_ENUM
        GB_BENCH_LEVEL_COUNT
} gb_bench_level;

extern const char *const gb_bench_level_names[GB_BENCH_LEVEL_COUNT];

/* Bytes of a level's working set on this machine; where a cache is not known, as if it had 32 KiB, 1 MiB, 16 MiB. */
size_t gb_bench_level_bytes(gb_bench_level level, const gb_topology *topology);

/* What a kernel is timed on: a level of memory, or a matrix of a model. */
typedef struct gb_bench_place {
    char name[128]; /* "l2", "llama-3.1-8b:ffn_down" */
    size_t bytes;   /* a level: of the working set */
    size_t n, rows; /* a matrix; n = 0: a level */
} gb_bench_place;

typedef struct gb_bench_result {
    const gb_kernel *kernel;
    const gb_bench_place *place; /* of the report */
    gb_verdict verdict;          /* FAIL and SKIP: not timed, reason says why */
    char reason[512];
    gb_shape shape;
    gb_work work;
    size_t working_set;
    size_t calls;         /* kernel calls per sample */
    double *samples;      /* ns per call, in order of measurement */
    gb_summary ns;        /* of the samples */
    double noise;         /* A/A: interleaved halves of the samples */
    double *vs_yardstick; /* this time / the yardstick's in the same round; NULL: not asked for */
    gb_summary yard;      /* of vs_yardstick */
    double yard_noise;    /* its A/A */
    double vs_scalar;     /* scalar row's median / this median; 0: the scalar row was not timed */
    gb_disturbance disturbance;
    gb_counter_set counters; /* per call; empty: no counting */
} gb_bench_result;

typedef struct gb_bench_options {
    const gb_kernel *kernels; /* NULL: the table */
    size_t count;
    int format, op, isa; /* -1: all */
    bool best;           /* of each format and operation only the row that the engine would take here */
    const char *filter;  /* POSIX extended regular expression on the kernel's name, or NULL */
    bool level[GB_BENCH_LEVEL_COUNT];
    const gb_bench_place *matrices; /* in place of the levels: only operations on weight matrices are taken */
    size_t matrix_count;
    bool cold;        /* every sample is one pass whose data were dropped from all caches before */
    size_t samples;   /* >= 1; intervals need at least 6 */
    double min_ms;    /* measured time per kernel and level, at least; more samples are taken to fill it */
    double precision; /* more samples until the interval is narrower than this share of the median; 0: no more */
    double max_ms;    /* ... but no longer than this per kernel and level; 0: ten times min_ms */
    bool alternate;   /* the kernels of a group in the order A B, B A, ... instead of one drawn by lot */
    bool yardstick;   /* also time bench/yardstick.h in every round */
    uint64_t seed;    /* of inputs, of the order, and of verification */
    gb_effort effort; /* of verification */
    const gb_topology *topology;
    const gb_perf_backend *perf; /* NULL: no counting */
    gb_counter_choice counters;
    const gb_conditions_source *conditions; /* NULL: nobody looks */
    int cpu;                                /* that this thread is pinned to; -1: none */
    const gb_numa_backend *numa;            /* NULL: nobody looks where the working sets lie */
    /* Called now and then with what is being done, if not NULL. */
    void (*progress)(void *ctx, size_t done, size_t total, const char *what);
    void *ctx;
} gb_bench_options;

typedef struct gb_bench_report {
    gb_bench_place *places;
    bool cold;
    size_t place_count;
    gb_bench_result *results;             /* in table order, place by place */
    size_t count, timed, failed, skipped; /* failed, skipped: kernels, not results */
    char timer[96];
    double timer_ns, call_ns; /* what was subtracted: per sample, per call */
    gb_placement placement;   /* of what the kernels stream */
    char *counter_note;       /* lines on what is counted, and on what is not and why; NULL: not asked for */
} gb_bench_report;

/* All of the table, l1 and l2, 31 samples, intervals of 1 %, core and cache counters. topology and seed are the
 * caller's. */
gb_bench_options gb_bench_defaults(void);

/* Which of options->kernels the selection takes. GB_EINPUT: none, or --filter is not a regular expression. */
int gb_bench_select(const gb_bench_options *options, bool *selected, size_t *total, gb_error *err);

/* The calling thread should be pinned. GB_OK whatever was found; GB_EINPUT if nothing matches, or nothing that matches
 * can run here. The report is freed by the caller with gb_bench_free, also after an error. */
int gb_bench_run(const gb_bench_options *options, gb_bench_report *report, gb_error *err);
void gb_bench_free(gb_bench_report *report);

/* Derived quantities of a timed result, from its median. */
double gb_bench_ns_per_weight(const gb_bench_result *r);
double gb_bench_cycles_per_32(const gb_bench_result *r); /* TSC cycles; 0 where there is no TSC */
double gb_bench_gbps(const gb_bench_result *r);
double gb_bench_gops(const gb_bench_result *r);     /* 0: operations not declared */
double gb_bench_ci_width(const gb_bench_result *r); /* of the 95 % interval, as a share of the median */
double gb_bench_ipc(const gb_bench_result *r);      /* instructions per core cycle; 0: not counted */
/* Per 32 weights of a value per call. */
double gb_bench_per_32(const gb_bench_result *r, double per_call);

#endif

/* What this machine can do at most, measured: reading from each level of memory, and multiplying in registers, by one
 * thread and by several. */
#ifndef GB_BENCH_CEILINGS_H
#define GB_BENCH_CEILINGS_H

#include "bench/bench.h"
#include "harness/pool.h"

typedef struct gb_ceiling {
    size_t threads;
    double gbps[GB_BENCH_LEVEL_COUNT]; /* 10^9 bytes read per second, all threads together */
    double int8_gops[GB_ISA_COUNT];    /* 10^9 operations per second; 0: this ISA was not asked for or cannot run */
    double float_gops[GB_ISA_COUNT];
} gb_ceiling;

typedef struct gb_ceilings {
    gb_ceiling *of; /* one thread first, then doubled up to one per core */
    size_t count;
    gb_isa reader; /* whose loads `gbps` was measured with: the last tier that runs here */
} gb_ceilings;

typedef struct gb_ceiling_options {
    const gb_topology *topology;
    bool isa[GB_ISA_COUNT]; /* those that cannot run are skipped */
    size_t most_threads;    /* 0: one per core */
    const int *cpus;        /* of the threads, in this order, most_threads of them; NULL: by default */
    double ms;              /* of one trial, at least */
    size_t trials;          /* the best one counts: whatever disturbs makes it slower */
} gb_ceiling_options;

/* All ISAs, one thread per core, five trials of 10 ms. topology is the caller's. */
gb_ceiling_options gb_ceiling_defaults(void);

int gb_ceilings_measure(const gb_ceiling_options *options, gb_ceilings *out, gb_error *err);
void gb_ceilings_free(gb_ceilings *ceilings);

/* 10^9 bytes per second that all threads of a pool together read at one level. */
int gb_ceiling_read(gb_pool *pool, gb_bench_level level, const gb_ceiling_options *options, double *gbps,
                    gb_error *err);

/* What reads there: all of `bytes`, a multiple of 512, from an address that is a multiple of 64. */
uint32_t (*gb_ceiling_reader(void))(const void *from, size_t bytes);

/* Bytes that each of `threads` threads reads at a level: shared caches are shared. A multiple of 512. */
size_t gb_ceiling_bytes(gb_bench_level level, size_t threads, const gb_topology *topology);

#endif

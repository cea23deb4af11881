#include "bench/ceilings/ceilings.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ceilings/loops.h"
#include "harness/alloc.h"
#include "harness/clock.h"
#include "harness/pool.h"

enum { GRAIN = 512, PAGE = 4096 };

gb_ceiling_options gb_ceiling_defaults(void) {
    gb_ceiling_options o = {.ms = 10, .trials = 5};
    for (int i = 0; i < GB_ISA_COUNT; i++) o.isa[i] = true;
    return o;
}

#define GB_LOOPS_IF_1(name)          &gb_loops_##name
#define GB_LOOPS_IF_0(name)          NULL
#define GB_LOOPS_EXPAND(built, name) GB_LOOPS_IF_##built(name)
#define GB_LOOPS(built, name)        GB_LOOPS_EXPAND(built, name)

const gb_loops *gb_loops_of(gb_isa isa) {
    static const gb_loops *const all[GB_ISA_COUNT] = {
#define GB_ISA(name, arch, needs, flags) GB_LOOPS(GB_BUILT_##name, name),
#include "kernels/isa.def"
#undef GB_ISA
    };
    return (unsigned)isa < GB_ISA_COUNT ? all[isa] : NULL;
}

static bool runs_here(gb_isa isa) {
    char why[256];
    return gb_loops_of(isa) && !gb_isa_missing(isa, gb_cpu_features(), why, sizeof why);
}

size_t gb_ceiling_bytes(gb_bench_level level, size_t threads, const gb_topology *t) {
    size_t bytes = gb_bench_level_bytes(level, t);
    const size_t least = 2 * gb_bench_level_bytes(GB_BENCH_LEVEL_l2, t);
    if (level == GB_BENCH_LEVEL_dram) bytes /= threads;
    if (level == GB_BENCH_LEVEL_l3) {
        const size_t sharing = t->l3.sharing ? t->l3.sharing : threads;
        bytes /= sharing < threads ? sharing : threads;
        if (bytes < 2 * least) bytes = 2 * least; /* a share that the second cache holds says nothing of the third */
    }
    bytes -= bytes % GRAIN;
    return bytes ? bytes : GRAIN;
}

/* --- one measurement ------------------------------------------------------------------------------------------------
 */

typedef enum what { READ, INT8, FLOATS } what;

typedef struct trial {
    const gb_loops *loops;
    what what;
    size_t turns; /* of each thread; of READ: walks */
    size_t bytes; /* of each thread */
    uint8_t **buffer;
    double *ns; /* of each thread, by its own clock: what it waits for the others is no part of a ceiling */
} trial;

/* Results go here, so that no loop can be dropped. */
static volatile uint32_t sink;
static volatile float float_sink;

static void work(void *ctx, size_t member, size_t size) {
    const trial *t = ctx;
    (void)size;
    const uint64_t start = gb_now_ns();
    if (t->what == INT8) sink = t->loops->int8(t->turns);
    if (t->what == FLOATS) float_sink = t->loops->floats(t->turns);
    for (size_t i = 0; t->what == READ && i < t->turns; i++) sink = t->loops->read(t->buffer[member], t->bytes);
    t->ns[member] = (double)(gb_now_ns() - start);
}

/* Each thread writes its own, so that its pages lie where it runs. */
static void touch(void *ctx, size_t member, size_t size) {
    const trial *t = ctx;
    (void)size;
    for (size_t i = 0; i < t->bytes; i += PAGE) t->buffer[member][i] = (uint8_t)(i / PAGE + 1);
}

static double run_ns(gb_pool *pool, trial *t) {
    double slowest = 0;
    gb_pool_run(pool, work, t);
    for (size_t i = 0; i < gb_pool_size(pool); i++) slowest = fmax(slowest, t->ns[i]);
    return slowest;
}

/* Turns per second of one thread, best trial. */
static double best_rate(gb_pool *pool, trial *t, const gb_ceiling_options *o) {
    double rate = 0;
    t->turns = 1;
    for (;; t->turns *= 2) {
        /* a turn that was interrupted must not pass for a slow one */
        double ns = run_ns(pool, t);
        for (int again = 0; again < 2 && ns >= o->ms * 1e6; again++) ns = fmin(ns, run_ns(pool, t));
        if (ns >= o->ms * 1e6 || t->turns > SIZE_MAX / 4) break;
    }
    for (size_t i = 0; i < o->trials; i++) {
        const double ns = run_ns(pool, t);
        const double now = ns > 0 ? (double)t->turns / ns * 1e9 : 0;
        if (now > rate) rate = now;
    }
    return rate;
}

static void free_buffers(trial *t, size_t threads) {
    for (size_t i = 0; t->buffer && i < threads; i++) free(t->buffer[i]);
    free(t->buffer);
    t->buffer = NULL;
}

static int make_buffers(trial *t, size_t threads, gb_error *err) {
    t->buffer = gb_new(threads, sizeof(uint8_t *), "ceilings: buffers", err);
    t->ns = gb_new(threads, sizeof *t->ns, "ceilings: times", err);
    for (size_t i = 0; t->buffer && i < threads; i++) {
        /* not gb_new: its zeros would be written here, on this thread's node */
        t->buffer[i] = gb_new_stream(t->bytes, "ceilings: buffer of a thread", err);
        if (t->buffer[i]) continue;
        free_buffers(t, threads);
        return GB_ESYSTEM;
    }
    return t->buffer && t->ns ? GB_OK : GB_ESYSTEM;
}

static int measure_level(gb_pool *pool, gb_bench_level level, const gb_ceiling_options *o, gb_isa reader,
                         gb_ceiling *out, gb_error *err) {
    trial t = {.loops = gb_loops_of(reader), .what = READ, .bytes = gb_ceiling_bytes(level, out->threads, o->topology)};
    const int rc = make_buffers(&t, out->threads, err);
    if (!rc) {
        gb_pool_run(pool, touch, &t);
        out->gbps[level] = best_rate(pool, &t, o) * (double)t.bytes * (double)out->threads / 1e9;
    }
    free_buffers(&t, out->threads);
    free(t.ns);
    return rc;
}

static int measure_threads(const gb_ceiling_options *o, const int *cpus, gb_isa reader, gb_ceiling *out,
                           gb_error *err) {
    gb_pool *pool = NULL;
    double *ns = gb_new(out->threads, sizeof *ns, "ceilings: times", err);
    int rc = ns ? gb_pool_new(out->threads, cpus, out->threads, &pool, err) : GB_ESYSTEM;
    for (int l = 0; !rc && l < GB_BENCH_LEVEL_COUNT; l++)
        rc = measure_level(pool, (gb_bench_level)l, o, reader, out, err);
    for (int isa = 0; !rc && isa < GB_ISA_COUNT; isa++) {
        if (!o->isa[isa] || !runs_here((gb_isa)isa)) continue;
        trial t = {.loops = gb_loops_of((gb_isa)isa), .what = INT8, .ns = ns};
        out->int8_gops[isa] = best_rate(pool, &t, o) * t.loops->int8_ops * (double)out->threads / 1e9;
        t.what = FLOATS;
        out->float_gops[isa] = best_rate(pool, &t, o) * t.loops->float_ops * (double)out->threads / 1e9;
    }
    gb_pool_free(pool);
    free(ns);
    return rc;
}

/* The last tier that runs here: they stand in ascending order. */
static gb_isa widest_reader(void) {
    gb_isa reader = GB_ISA_scalar;
    for (int isa = 0; isa < GB_ISA_COUNT; isa++)
        if (runs_here((gb_isa)isa)) reader = (gb_isa)isa;
    return reader;
}

uint32_t (*gb_ceiling_reader(void))(const void *from, size_t bytes) {
    return gb_loops_of(widest_reader())->read;
}

int gb_ceiling_read(gb_pool *pool, gb_bench_level level, const gb_ceiling_options *o, double *gbps, gb_error *err) {
    gb_ceiling c = {.threads = gb_pool_size(pool)};
    const int rc = measure_level(pool, level, o, widest_reader(), &c, err);
    *gbps = c.gbps[level];
    return rc;
}

int gb_ceilings_measure(const gb_ceiling_options *o, gb_ceilings *out, gb_error *err) {
    *out = (gb_ceilings){.reader = widest_reader()};
    const size_t cores = o->topology->core_count ? o->topology->core_count : 1;
    const size_t most = o->most_threads && (o->cpus || o->most_threads < cores) ? o->most_threads : cores;
    int *cpus = gb_new(most, sizeof *cpus, "ceilings: CPUs", err);
    out->of = gb_new(66, sizeof *out->of, "ceilings", err); /* doublings of a size_t, and the last count */
    int rc = cpus && out->of ? GB_OK : GB_ESYSTEM;
    if (!rc && o->cpus) memcpy(cpus, o->cpus, most * sizeof *cpus);
    if (!rc && !o->cpus) (void)gb_topology_default_cpus(o->topology, most, cpus);
    for (size_t threads = 1; !rc; threads = 2 * threads < most ? 2 * threads : most) {
        out->of[out->count].threads = threads;
        rc = measure_threads(o, cpus, out->reader, &out->of[out->count++], err);
        if (threads == most) break;
    }
    free(cpus);
    return rc;
}

void gb_ceilings_free(gb_ceilings *ceilings) {
    free(ceilings->of);
    *ceilings = (gb_ceilings){0};
}

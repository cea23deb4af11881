#include "bench/team.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/case.h"
#include "bench/ceilings/ceilings.h"
#include "bench/roofline.h"
#include "harness/alloc.h"
#include "harness/clock.h"
#include "harness/pool.h"
#include "harness/stats.h"

enum { LEAST_SAMPLES = 5, MOST_SAMPLES = 301, BARRIERS = 16 };
/* Long beside the timer and the start of a team, short beside the time slices of a busy machine. */
static const double sample_ns = 200000;
/* Beyond so many rows the price of a product grows with the rows and nothing else. */
enum { MOST_ROWS = 4096, LEAST_ROWS = 256 };

typedef struct known {
    gb_team_task task;
    double ns;
} known;

struct gb_team {
    gb_team_options o;
    gb_pool *pool;
    double barrier_ns;                 /* 0: not yet measured */
    double gbps[GB_BENCH_LEVEL_COUNT]; /* 0: not yet measured */
    known *known;
    size_t known_count, known_room;
};

/* --- the stopwatch ------------------------------------------------------------------------------------------------ */

typedef struct race {
    gb_bench_case *cases; /* one for each thread */
    gb_error *errs;
    const gb_team_task *task;
    size_t copies; /* of the matrix, or rows of data */
    uint64_t seed;
    gb_fn fn;
    size_t passes;
    double *ns; /* of each thread */
} race;

/* Each thread makes its own data, so that they lie where it runs. */
static void make_case(void *ctx, size_t member, size_t size) {
    const race *r = ctx;
    const gb_team_task *t = r->task;
    (void)size;
    (void)gb_bench_case_exact(t->format, t->op, &t->shape, r->copies, r->seed + member, &r->cases[member],
                              &r->errs[member]);
}

static void run_case(void *ctx, size_t member, size_t size) {
    const race *r = ctx;
    (void)size;
    const uint64_t start = gb_now_ns();
    for (size_t i = 0; i < r->passes; i++) gb_bench_pass(&r->cases[member], r->fn);
    r->ns[member] = (double)(gb_now_ns() - start);
}

static void empty(void *ctx, size_t member, size_t size) {
    (void)ctx;
    (void)member;
    (void)size;
}

/* A job of all threads, or of the caller alone. */
static void run(const gb_team *team, size_t threads, gb_pool_job *job, void *ctx) {
    if (threads > 1)
        gb_pool_run(team->pool, job, ctx);
    else
        job(ctx, 0, 1);
}

/* Of the slowest thread, by its own clock: waiting for the others is the barrier's business. */
static double time_race(const gb_team *team, race *r) {
    double slowest = 0;
    run(team, r->task->threads, run_case, r);
    for (size_t i = 0; i < r->task->threads; i++) slowest = fmax(slowest, r->ns[i]);
    return slowest;
}

/* Passes that make a sample of the wanted length; an interrupt must not pass for slowness. */
static void calibrate(const gb_team *team, race *r) {
    r->passes = 1;
    (void)time_race(team, r); /* touches everything once */
    for (;;) {
        double ns = time_race(team, r);
        for (int again = 0; again < 2 && ns >= sample_ns; again++) ns = fmin(ns, time_race(team, r));
        if (ns >= sample_ns || r->passes > SIZE_MAX / 16) return;
        r->passes *= ns > sample_ns / 8 ? 2 : 8;
    }
}

/* Median over samples of some passes each, per pass. */
static double time_passes(const gb_team *team, race *r) {
    double samples[MOST_SAMPLES];
    double spent = 0;
    size_t n = 0;
    calibrate(team, r);
    while (n < MOST_SAMPLES && (n < LEAST_SAMPLES || spent < team->o.ms * 1e6)) {
        samples[n] = time_race(team, r);
        spent += samples[n++];
    }
    gb_sort_doubles(samples, n);
    return fmax(gb_percentile(samples, n, 0.5), 1) / (double)r->passes;
}

static void free_race(race *r) {
    for (size_t i = 0; r->cases && i < r->task->threads; i++) gb_bench_case_free(&r->cases[i]);
    free(r->cases);
    free(r->errs);
    free(r->ns);
}

static int run_race(gb_team *team, const gb_team_task *task, size_t copies, double *ns, gb_error *err) {
    race r = {.task = task, .copies = copies, .seed = team->o.seed};
    r.fn = gb_resolve(task->format, task->op, &team->o.cap);
    if (!r.fn.any)
        return gb_fail(err, GB_EINPUT, "%s has no operation %s", gb_formats[task->format].name, gb_op_names[task->op]);
    r.cases = gb_new(task->threads, sizeof *r.cases, "team: data", err);
    r.errs = gb_new(task->threads, sizeof *r.errs, "team: data", err);
    r.ns = gb_new(task->threads, sizeof *r.ns, "team: times", err);
    int rc = r.cases && r.errs && r.ns ? GB_OK : GB_ESYSTEM;
    if (!rc) run(team, task->threads, make_case, &r);
    for (size_t i = 0; !rc && i < task->threads; i++)
        if (r.errs[i].code) rc = gb_fail(err, r.errs[i].code, "%s", r.errs[i].text);
    if (!rc) *ns = time_passes(team, &r) / (double)copies;
    free_race(&r);
    return rc;
}

/* --- what is asked ------------------------------------------------------------------------------------------------ */

/* The task as it is measured: a huge matrix by a part of its rows, a set no larger than what memory is told by. */
static int measure(gb_team *team, const gb_team_task *asked, double *ns, gb_error *err) {
    gb_team_task task = *asked;
    if (task.op != GB_OP_gemv && task.op != GB_OP_gemm)
        return run_race(team, &task, task.calls ? task.calls : 1, ns, err);
    const size_t most = gb_bench_level_bytes(GB_BENCH_LEVEL_dram, team->o.topology);
    const size_t share = (task.set < most ? task.set : most) / task.threads;
    const size_t row = gb_row_bytes(task.format, task.shape.n);
    const size_t fits = share / row > LEAST_ROWS ? share / row : LEAST_ROWS;
    if (task.shape.rows > MOST_ROWS) task.shape.rows = MOST_ROWS;
    if (task.set && task.shape.rows > fits) task.shape.rows = fits;
    const size_t copies = share / (row * task.shape.rows);
    const int rc = run_race(team, &task, copies ? copies : 1, ns, err);
    *ns *= (double)asked->shape.rows / (double)task.shape.rows;
    return rc;
}

static bool same(const gb_team_task *a, const gb_team_task *b) {
    return a->format == b->format && a->op == b->op && a->shape.n == b->shape.n && a->shape.rows == b->shape.rows &&
           a->shape.cols == b->shape.cols && a->calls == b->calls && a->threads == b->threads && a->set == b->set;
}

static int remember(gb_team *team, const gb_team_task *task, double ns, gb_error *err) {
    if (team->known_count == team->known_room) {
        const size_t room = 2 * team->known_room + 64;
        known *more = realloc(team->known, room * sizeof *more);
        if (!more) return gb_fail(err, GB_ESYSTEM, "team: out of memory");
        team->known = more;
        team->known_room = room;
    }
    team->known[team->known_count++] = (known){*task, ns};
    return GB_OK;
}

int gb_team_kernel(gb_team *team, const gb_team_task *task, double *ns, gb_error *err) {
    for (size_t i = 0; i < team->known_count; i++) {
        if (!same(&team->known[i].task, task)) continue;
        *ns = team->known[i].ns;
        return GB_OK;
    }
    if (task->threads != 1 && task->threads != team->o.threads)
        return gb_fail(err, GB_EINPUT, "a task of %zu threads for a team of %zu", task->threads, team->o.threads);
    const int rc = measure(team, task, ns, err);
    return rc ? rc : remember(team, task, *ns, err);
}

int gb_team_bandwidth(gb_team *team, size_t set, double *gbps, gb_error *err) {
    const gb_bench_level level = gb_level_of_set(set, team->o.threads, team->o.topology);
    gb_ceiling_options o = gb_ceiling_defaults();
    o.topology = team->o.topology;
    int rc = GB_OK;
    if (team->gbps[level] <= 0) rc = gb_ceiling_read(team->pool, level, &o, &team->gbps[level], err);
    *gbps = team->gbps[level];
    return rc;
}

/* --- what pages cost ---------------------------------------------------------------------------------------------- */

enum { PAGE = 4096, CHUNK = 4 << 20, ROUNDS = 9 };

/* Pieces of a mapping, evenly spread, or of memory, side by side: every thread reads its own ones. */
typedef struct pieces {
    const uint8_t *from;
    size_t stride, bytes, count, passes;
    uint32_t (*read)(const void *from, size_t bytes);
} pieces;

static volatile uint32_t sink; /* so that no loop can be dropped */

static void read_pieces(void *ctx, size_t member, size_t size) {
    const pieces *p = ctx;
    for (size_t pass = 0; pass < p->passes; pass++)
        for (size_t i = member; i < p->count; i += size) sink = p->read(p->from + i * p->stride, p->bytes);
}

static double read_ns(const gb_team *team, pieces *p) {
    const uint64_t start = gb_now_ns();
    gb_pool_run(team->pool, read_pieces, p);
    return (double)(gb_now_ns() - start);
}

int gb_team_mapping(gb_team *team, const uint8_t *data, size_t bytes, double *ns, gb_error *err) {
    const size_t threads = team->o.threads;
    const size_t most = gb_bench_level_bytes(GB_BENCH_LEVEL_dram, team->o.topology);
    const size_t looked_at = bytes < most ? bytes : most;
    size_t piece = looked_at / threads < CHUNK ? looked_at / threads : CHUNK;
    piece -= piece % PAGE;
    *ns = 0;
    if (piece == 0) return GB_OK; /* less than a page for each: nothing to find out */
    pieces file = {.from = data, .bytes = piece, .count = looked_at / piece, .read = gb_ceiling_reader()};
    file.count -= file.count % threads;
    file.stride = bytes / file.count / PAGE * PAGE;
    const size_t total = file.count * piece;
    file.passes = most / total < 1 ? 1 : most / total;
    uint8_t *huge = gb_new_stream(total, "team: pages", err);
    if (!huge) return GB_ESYSTEM;
    memset(huge, 1, total);
    pieces memory = file;
    memory.from = huge;
    memory.stride = piece;
    double more[ROUNDS];
    (void)read_ns(team, &file); /* faults */
    for (int i = 0; i < ROUNDS; i++) {
        more[i] = read_ns(team, &file);
        more[i] -= read_ns(team, &memory);
    }
    free(huge);
    gb_sort_doubles(more, ROUNDS);
    *ns = fmax(0, gb_percentile(more, ROUNDS, 0.5)) / ((double)total * (double)file.passes);
    return GB_OK;
}

double gb_team_barrier(gb_team *team) {
    double samples[MOST_SAMPLES];
    double spent = 0;
    size_t n = 0;
    if (team->o.threads < 2 || team->barrier_ns > 0) return team->barrier_ns;
    /* on a busy machine a single one may take milliseconds */
    for (; n < MOST_SAMPLES && (n < LEAST_SAMPLES || spent < team->o.ms * 1e6); n++) {
        const uint64_t start = gb_now_ns();
        for (size_t i = 0; i < BARRIERS; i++) gb_pool_run(team->pool, empty, NULL);
        samples[n] = (double)(gb_now_ns() - start);
        spent += samples[n];
    }
    gb_sort_doubles(samples, n);
    team->barrier_ns =
        gb_percentile(samples, n, 0.25) / BARRIERS; /* as for kernels: without what the machine does besides */
    return team->barrier_ns;
}

int gb_team_new(const gb_team_options *options, gb_team **out, gb_error *err) {
    *out = gb_new(1, sizeof **out, "team", err);
    if (!*out) return GB_ESYSTEM;
    (*out)->o = *options;
    const int rc = gb_pool_new(options->threads, options->cpus, options->cpu_count, &(*out)->pool, err);
    if (!rc) return GB_OK;
    gb_team_free(*out);
    *out = NULL;
    return rc;
}

void gb_team_free(gb_team *team) {
    if (!team) return;
    gb_pool_free(team->pool);
    free(team->known);
    free(team);
}

#include "model/e2e.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "harness/clock.h"
#include "harness/rng.h"
#include "model/context.h"
#include "model/e2e_counters.h"

/* A cell made ready to run: models and pools are shared among cells. */
typedef struct station {
    gb_llama *model;
    gb_pool *pool;
    gb_context *context;
    size_t owner_model, owner_pool; /* the cell that opened them */
    gb_conditions conditions;
} station;

void gb_e2e_tokens(int32_t *ids, size_t count, size_t n_vocab, uint64_t seed) {
    gb_rng rng;
    gb_rng_seed(&rng, seed, "e2e");
    for (size_t i = 0; i < count; i++) ids[i] = (int32_t)gb_rng_below(&rng, (uint32_t)n_vocab);
}

/* The context that a model was trained for, whatever its architecture. */
static int context_length(const gb_gguf *file, uint64_t *n, gb_error *err) {
    gb_str architecture;
    char key[96];
    const int rc = gb_gguf_get_str(file, "general.architecture", &architecture, err);
    if (rc) return rc;
    (void)snprintf(key, sizeof key, "%.*s.context_length", (int)(architecture.size < 64 ? architecture.size : 64),
                   architecture.data);
    return gb_gguf_get_u64(file, key, n, err);
}

int gb_e2e_context(const char *const *models, size_t count, size_t *out, gb_error *err) {
    *out = SIZE_MAX;
    for (size_t i = 0; i < count; i++) {
        gb_gguf *file = NULL;
        uint64_t n = 0;
        int rc = gb_gguf_open(models[i], &file, err);
        if (rc) return rc;
        rc = context_length(file, &n, err);
        gb_gguf_close(file);
        if (rc) return rc;
        if (n < *out) *out = (size_t)n;
    }
    return GB_OK;
}

static int ignore_logits(void *user, size_t first, size_t rows, const float *logits, gb_error *err) {
    (void)user;
    (void)first;
    (void)rows;
    (void)logits;
    (void)err;
    return GB_OK;
}

static double per_second(size_t count, uint64_t ns) {
    return (double)count * 1e9 / (double)(ns ? ns : 1);
}

static int run_prompt(const station *s, const int32_t *ids, size_t count, double *tps, gb_error *err) {
    gb_context_reset(s->context);
    const uint64_t start = gb_now_ns();
    const int rc = gb_context_eval(s->context, ids, count, count - 1, ignore_logits, NULL, err);
    *tps = per_second(count, gb_now_ns() - start);
    return rc;
}

/* gaps: count - 1 times between tokens, or NULL. */
static int run_generate(const station *s, const int32_t *ids, size_t count, double *tps, double *gaps, gb_error *err) {
    gb_context_reset(s->context);
    const uint64_t start = gb_now_ns();
    uint64_t before = start;
    for (size_t i = 0; i < count; i++) {
        const int rc = gb_context_eval(s->context, ids + i, 1, 0, ignore_logits, NULL, err);
        if (rc) return rc;
        const uint64_t now = gb_now_ns();
        if (gaps && i > 0) gaps[i - 1] = (double)(now - before) * 1e-6;
        before = now;
    }
    *tps = per_second(count, before - start);
    return GB_OK;
}

static int run_cell(const gb_e2e_params *p, const station *s, gb_e2e_cell *cell, const int32_t *ids, size_t repetition,
                    gb_error *err) {
    int rc = GB_OK;
    if (p->prompt) rc = run_prompt(s, ids, p->prompt, &cell->pp[repetition], err);
    if (!rc && p->generate) {
        double *gaps = cell->itl_ms ? cell->itl_ms + repetition * (p->generate - 1) : NULL;
        rc = run_generate(s, ids, p->generate, &cell->tg[repetition], gaps, err);
    }
    return rc;
}

/* Its turn, looked at from outside. */
static int watch_cell(const gb_e2e_params *p, station *s, gb_e2e_cell *cell, const int32_t *ids, size_t repetition,
                      gb_error *err) {
    const size_t cpus = cell->threads < p->cpu_count ? cell->threads : p->cpu_count;
    if (!p->conditions) return run_cell(p, s, cell, ids, repetition, err);
    if (repetition == 0)
        gb_conditions_begin(&s->conditions, p->conditions, p->cpus, cpus);
    else
        gb_conditions_resume(&s->conditions);
    const int rc = run_cell(p, s, cell, ids, repetition, err);
    gb_conditions_pause(&s->conditions);
    cell->disturbance = gb_conditions_end(&s->conditions);
    return rc;
}

/* As often as the counters need. */
static int count_test(const gb_e2e_params *p, const station *s, gb_team_counters *team, const int32_t *ids, bool prompt,
                      gb_counter_set *set, gb_error *err) {
    const double least = gb_team_counters_least_ns(team);
    const uint64_t start = gb_now_ns();
    double tokens = 0;
    double tps = 0;
    int rc = GB_OK;
    gb_team_counters_start(team);
    do {
        rc = prompt ? run_prompt(s, ids, p->prompt, &tps, err) : run_generate(s, ids, p->generate, &tps, NULL, err);
        tokens += (double)(prompt ? p->prompt : p->generate);
    } while (!rc && (double)(gb_now_ns() - start) < least);
    return rc ? rc : gb_team_counters_stop(team, tokens, set, err);
}

/* After all repetitions, so that counting disturbs none. */
static int count_cell(const gb_e2e_params *p, const station *s, gb_e2e_cell *cell, const int32_t *ids, gb_error *err) {
    gb_team_counters *team = NULL;
    int rc = gb_team_counters_open(p->perf, &p->counters, s->pool, &team, err);
    if (!rc && p->prompt) rc = count_test(p, s, team, ids, true, &cell->pp_counters, err);
    if (!rc && p->generate) rc = count_test(p, s, team, ids, false, &cell->tg_counters, err);
    gb_team_counters_close(team);
    return rc;
}

/* Not measured: fills caches and wakes clocks up, as every later repetition finds them. */
static int warm_up(const gb_e2e_params *p, const station *s, const int32_t *ids, gb_error *err) {
    double tps = 0.0;
    int rc = GB_OK;
    if (p->prompt) rc = run_prompt(s, ids, p->prompt, &tps, err);
    if (!rc && p->generate) rc = run_generate(s, ids, 1, &tps, NULL, err);
    return rc;
}

static void place_weights(const gb_e2e_params *p, const gb_llama *m, gb_placement *placement) {
    const gb_map *map = &m->file->map;
    if (!p->numa) return;
    gb_numa_move(p->numa, p->topology, &gb_numa_system, map->data, map->size, placement);
    gb_numa_look(&gb_numa_system, map->data, map->size, placement);
}

static int open_station(const gb_e2e_params *p, gb_e2e_cell *cells, station *all, size_t i, gb_error *err) {
    station *s = &all[i];
    s->owner_model = s->owner_pool = i;
    for (size_t j = i; j-- > 0;) {
        if (cells[j].threads == cells[i].threads) s->owner_pool = all[j].owner_pool;
        if (strcmp(cells[j].model, cells[i].model) == 0) s->owner_model = all[j].owner_model;
    }
    int rc = GB_OK;
    if (s->owner_pool != i)
        s->pool = all[s->owner_pool].pool;
    else
        rc = gb_pool_new(cells[i].threads, p->cpus, p->cpu_count, &s->pool, err);
    if (rc) return rc;
    if (s->owner_model != i)
        s->model = all[s->owner_model].model;
    else
        rc = gb_llama_load(cells[i].model, &p->cap, s->pool, &s->model, err);
    if (rc) return rc;
    place_weights(p, s->model, &cells[i].placement);
    const size_t most = p->prompt > p->generate ? p->prompt : p->generate;
    const gb_context_params params = {.n_ctx = most, .n_batch = p->n_batch, .kv = p->kv};
    return gb_context_new(s->model, s->pool, &params, &s->context, err);
}

static void close_stations(station *all, size_t count) {
    for (size_t i = 0; i < count; i++) gb_context_free(all[i].context);
    for (size_t i = count; i-- > 0;) { /* the last team first: each restores the affinity that its creator had */
        if (all[i].owner_model == i) gb_llama_free(all[i].model);
        if (all[i].owner_pool == i) gb_pool_free(all[i].pool);
    }
    free(all);
}

static int allocate_cell(const gb_e2e_params *p, gb_e2e_cell *cell, gb_error *err) {
    cell->itl_count = p->generate > 1 ? p->repetitions * (p->generate - 1) : 0;
    if ((p->prompt && !(cell->pp = gb_new(p->repetitions, sizeof(double), "samples", err))) ||
        (p->generate && !(cell->tg = gb_new(p->repetitions, sizeof(double), "samples", err))) ||
        (cell->itl_count && !(cell->itl_ms = gb_new(cell->itl_count, sizeof(double), "samples", err))))
        return err->code;
    return GB_OK;
}

typedef struct report {
    void (*progress)(void *user, double share);
    void *user;
    size_t done, total;
} report;

static void step(report *r) {
    r->done++;
    if (r->progress) r->progress(r->user, (double)r->done / (double)r->total);
}

static int run_all(const gb_e2e_params *p, gb_e2e_cell *cells, size_t count, station *all, report *r, gb_error *err) {
    const size_t most = p->prompt > p->generate ? p->prompt : p->generate;
    int rc = GB_OK;
    for (size_t i = 0; i < count && !rc; i++) { /* before any thread exists here: it forks */
        rc = gb_e2e_measure_profile(p, cells[i].model, cells[i].threads, &cells[i].profile, err);
        step(r);
    }
    size_t vocab = SIZE_MAX; /* the same ids for every model */
    for (size_t i = 0; i < count && !rc; i++) {
        rc = open_station(p, cells, all, i, err);
        if (!rc && all[i].model->n_vocab < vocab) vocab = all[i].model->n_vocab;
    }
    int32_t *ids = rc ? NULL : gb_new(most, sizeof *ids, "tokens", err);
    if (!ids) return rc ? rc : err->code;
    gb_e2e_tokens(ids, most, vocab, p->seed);
    for (size_t i = 0; i < count && !rc; i++) {
        rc = warm_up(p, &all[i], ids, err);
        step(r);
    }
    for (size_t repetition = 0; repetition < p->repetitions && !rc; repetition++)
        for (size_t i = 0; i < count && !rc; i++) {
            rc = watch_cell(p, &all[i], &cells[i], ids, repetition, err);
            step(r);
        }
    for (size_t i = 0; i < count && !rc && p->perf; i++) rc = count_cell(p, &all[i], &cells[i], ids, err);
    free(ids);
    return rc;
}

int gb_e2e_run(const gb_e2e_params *params, gb_e2e_cell *cells, size_t count,
               void (*progress)(void *user, double share), void *user, gb_error *err) {
    gb_error local = {0};
    if (!err) err = &local;
    if (!params->prompt && !params->generate)
        return gb_fail(err, GB_EINPUT, "nothing to measure: both the prompt and the generation have no tokens");
    if (params->repetitions < 1) return gb_fail(err, GB_EINPUT, "at least one repetition is needed");
    station *all = gb_new(count, sizeof *all, "cells", err);
    if (!all) return err->code;
    for (size_t i = 0; i < count; i++) all[i].owner_model = all[i].owner_pool = i;
    int rc = GB_OK;
    for (size_t i = 0; i < count && !rc; i++) rc = allocate_cell(params, &cells[i], err);
    report r = {.progress = progress, .user = user, .total = count * (2 + params->repetitions)};
    if (!rc) rc = run_all(params, cells, count, all, &r, err);
    close_stations(all, count);
    for (size_t i = 0; i < count && rc; i++) gb_e2e_cell_free(&cells[i]);
    return rc;
}

void gb_e2e_cell_free(gb_e2e_cell *cell) {
    free(cell->pp);
    free(cell->tg);
    free(cell->itl_ms);
    free(cell->pp_counters.of);
    free(cell->tg_counters.of);
    cell->pp = cell->tg = cell->itl_ms = NULL;
    cell->pp_counters = cell->tg_counters = (gb_counter_set){0};
}

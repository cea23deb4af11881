/* The model benchmark: how fast whole models load, read a prompt and generate, and what memory they take.
 *
 * pp N: tokens per second of evaluating N prompt tokens from an empty cache, logits of the last only, no tokenization,
 * no sampling. tg N: tokens per second of N single-token evaluations from an empty cache, no sampling. Token ids are
 * random from a seed. The cells (model, threads) take turns within each repetition, so that whatever else the machine
 * does is shared among them. Load, first token and memory are taken in a process of its own for every cell. */
#ifndef GB_MODEL_E2E_H
#define GB_MODEL_E2E_H

#include <stddef.h>
#include <stdint.h>

#include "harness/conditions.h"
#include "harness/counters.h"
#include "harness/error.h"
#include "harness/numa.h"
#include "kernels/registry.h"

typedef struct gb_e2e_params {
    size_t prompt, generate; /* tokens of the pp and the tg test; 0: test not run */
    size_t repetitions;      /* >= 1 */
    size_t n_batch;
    gb_format kv;
    uint64_t seed;
    gb_cap cap;
    const int *cpus; /* thread i of every team is pinned to cpus[i % cpu_count]; cpu_count 0: not pinned */
    size_t cpu_count;
    const gb_numa *numa; /* where the weights shall lie (the policy is set already); NULL: nobody looks */
    const gb_topology *topology;
    const gb_perf_backend *perf;            /* NULL: no counting */
    gb_counter_choice counters;             /* of groups core and energy */
    const gb_conditions_source *conditions; /* NULL: nobody looks */
} gb_e2e_params;

typedef struct gb_e2e_profile {
    double resident_before; /* share of the file in the page cache before the load; NaN if unknown */
    double load_ms;         /* open, parse, map, scan of all scales (reads the file once), cache and buffers */
    double first_decode_ms; /* one token right after the load */
    double ttft_ms;         /* `prompt` tokens to the first token chosen, no tokenization; NaN without a pp test */
    uint64_t peak_rss_bytes, rss_anon_bytes, rss_file_bytes; /* VmHWM, RssAnon, RssFile at the end; 0: unknown */
    uint64_t kv_bytes, work_bytes, model_bytes, tensor_bytes;
    double bits_per_weight;
} gb_e2e_profile;

typedef struct gb_e2e_cell {
    const char *model; /* path */
    size_t threads;
    gb_e2e_profile profile;
    gb_placement placement; /* of the model's file */
    double *pp, *tg;        /* tokens per second of every repetition, in order of measurement; NULL if not run */
    double *itl_ms;         /* repetitions * (generate - 1) gaps between tokens of the tg test; NULL if generate < 2 */
    size_t itl_count;
    gb_disturbance disturbance;              /* of its repetitions, and of nothing that other cells did between them */
    gb_counter_set pp_counters, tg_counters; /* per token, in a run of their own; empty without counting */
} gb_e2e_cell;

/* Most positions that all of these models have; GB_EINPUT if one cannot be read. */
int gb_e2e_context(const char *const *models, size_t count, size_t *out, gb_error *err);

/* Measures cells[0 .. count), whose model and threads are set. progress (or NULL) is told the share that is done.
 * On success the caller frees each with gb_e2e_cell_free. */
int gb_e2e_run(const gb_e2e_params *params, gb_e2e_cell *cells, size_t count,
               void (*progress)(void *user, double share), void *user, gb_error *err);
void gb_e2e_cell_free(gb_e2e_cell *cell);

/* Random token ids of the tests. */
void gb_e2e_tokens(int32_t *ids, size_t count, size_t n_vocab, uint64_t seed);
/* One cell's profile, measured in a forked process; call while this process has no other threads. */
int gb_e2e_measure_profile(const gb_e2e_params *params, const char *model, size_t threads, gb_e2e_profile *out,
                           gb_error *err);

#endif

/* What e2e was asked for, and what people and machines see of its results. */
#ifndef GB_CLI_E2E_REPORT_H
#define GB_CLI_E2E_REPORT_H

#include "cli/engine.h"
#include "cli/predict.h"
#include "model/e2e.h"

enum { GB_E2E_MODELS = 64, GB_E2E_COUNTS = 32 };

typedef struct gb_e2e_options {
    gb_engine_options engine;
    char *list; /* -m, cut into models, or --type, cut into types */
    const char *models[GB_E2E_MODELS];
    size_t model_count;
    size_t threads[GB_E2E_COUNTS];
    size_t thread_counts;
    size_t prompt, generate, repetitions;
    bool prompt_given, generate_given, threads_given, no_pin;
    gb_counter_choice counters;
    bool counts;
    const char *store;        /* NULL: do not */
    const char *shape, *type; /* NULL: models are files */
    bool predict, no_predict;
    uint64_t seed;
} gb_e2e_options;

typedef struct gb_e2e_outcome {
    const gb_e2e_options *o;
    const gb_e2e_cell *cells;
    const gb_prediction *predicted; /* of each cell, made before it was measured; NULL: not asked for */
    gb_disturbance foretold;        /* while the prices of all predictions were measured */
    size_t count;
    const gb_topology *topology;
    const char *tier;
    size_t verified; /* rows checked before the first measurement */
    const gb_run *run;
    double *scratch; /* for the samples of a cell */
} gb_e2e_outcome;

void gb_e2e_print(const gb_e2e_outcome *r);
/* One record per test, to standard output (--json) and to the store. */
int gb_e2e_deliver(const gb_e2e_outcome *r, gb_error *err);

#endif

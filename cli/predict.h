/* Predictions of `e2e`: a model's parts priced by measurements of this machine. */
#ifndef GB_CLI_PREDICT_H
#define GB_CLI_PREDICT_H

#include <cJSON.h>

#include "harness/topology.h"
#include "kernels/registry.h"
#include "model/predict.h"

/* Of the facts that `bench --shape` knows: a name of bench/shapes/ or a file like those. */
int gb_predict_sizes(const char *word, gb_model_sizes *out, gb_error *err);

typedef struct gb_predict_job {
    const gb_predict_model *model;
    const char *path; /* of its file, or NULL */
    gb_prediction out;
} gb_predict_job;

typedef struct gb_predict_where {
    gb_cap cap;
    const gb_topology *topology;
    const int *cpus; /* as in harness/pool.h */
    size_t cpu_count;
    uint64_t seed;
} gb_predict_where;

/* Predicts `count` models for one number of threads; what they have in common is measured once. */
int gb_predict_all(const gb_predict_where *where, const gb_predict_params *params, gb_predict_job *jobs, size_t count,
                   gb_error *err);

/* {"tps", "parts_ms": {part: number}, "by_memory"} as member "predicted"; nothing where nothing was predicted. */
void gb_predict_add_json(cJSON *json, const gb_predicted_test *test);

#endif

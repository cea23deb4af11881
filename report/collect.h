/* What the report shows, gathered from the result files of a folder. */
#ifndef GB_REPORT_COLLECT_H
#define GB_REPORT_COLLECT_H

#include <stddef.h>

#include "harness/error.h"

enum { GB_REPORT_MODELS = 64, GB_REPORT_KERNELS = 512 };

/* NaN = no result file holds it. */
typedef struct gb_report_model {
    char name[128];
    double bytes, bits_per_weight, load_ms, ttft_ms, peak_rss_bytes;
    double pp, pp_low, pp_high; /* tokens per second: median and 95 % interval, most threads measured */
    double tg, tg_low, tg_high;
    char pp_test[32], tg_test[32];
    int threads, spoilt;
    double ppl, ppl_stderr;
    char hash[40];
} gb_report_model;

typedef struct gb_report_kernel {
    char name[96];
    double ns_per_weight, gbps;
} gb_report_kernel;

typedef struct gb_report_data {
    gb_report_model model[GB_REPORT_MODELS];
    size_t models;
    gb_report_kernel kernel[GB_REPORT_KERNELS];
    size_t kernels;
    size_t left_out; /* results of models or kernels for which there was no room */
    int have_verify;
    double verify_rows, verify_ok, verify_fail, verify_skip, verify_seed;
    char machine[256], program[256];
} gb_report_data;

int gb_report_collect(const char *dir, gb_report_data *data, gb_error *err);

#endif

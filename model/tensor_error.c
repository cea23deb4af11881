#include "model/tensor_error.h"

#include <math.h>

#include "reference/math.h"

gb_tensor_error gb_tensor_error_of_row(const float *x, const float *y, size_t n) {
    gb_tensor_error e = {.count = n};
    for (size_t i = 0; i < n; i++) {
        const double a = (double)x[i];
        const double b = (double)y[i];
        const double d = b - a;
        e.squares = e.squares + d * d;
        e.xx = e.xx + a * a;
        e.yy = e.yy + b * b;
        e.xy = e.xy + a * b;
        e.max = fabs(d) > e.max ? fabs(d) : e.max;
    }
    return e;
}

void gb_tensor_error_add(gb_tensor_error *sum, const gb_tensor_error *next) {
    sum->count += next->count;
    sum->squares = sum->squares + next->squares;
    sum->xx = sum->xx + next->xx;
    sum->yy = sum->yy + next->yy;
    sum->xy = sum->xy + next->xy;
    sum->max = next->max > sum->max ? next->max : sum->max;
}

double gb_tensor_error_rmse(const gb_tensor_error *e) {
    return e->count ? sqrt(e->squares / (double)e->count) : 0.0;
}

double gb_tensor_error_cosine(const gb_tensor_error *e) {
    if (e->xx == 0.0 && e->yy == 0.0) return 1.0;
    return e->xx == 0.0 || e->yy == 0.0 ? 0.0 : e->xy / (sqrt(e->xx) * sqrt(e->yy));
}

double gb_tensor_error_snr_db(const gb_tensor_error *e) {
    if (e->squares == 0.0) return INFINITY;
    if (e->xx == 0.0) return -INFINITY;
    return (gb_log(e->xx) - gb_log(e->squares)) * (10.0 / 2.302585092994045684);
}

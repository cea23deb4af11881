#include "harness/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b) {
    double x = 0;
    double y = 0;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return (x > y) - (x < y);
}

void gb_sort_doubles(double *x, size_t n) {
    qsort(x, n, sizeof *x, compare);
}

double gb_percentile(const double *sorted, size_t n, double p) {
    const double position = p * (double)(n - 1);
    const size_t i = (size_t)position;
    if (i + 1 >= n) return sorted[n - 1];
    return sorted[i] + (sorted[i + 1] - sorted[i]) * (position - (double)i);
}

/* P(Binomial(n, 1/2) = k), through logarithms so that large n does not underflow. */
static double half_binomial(size_t n, size_t k) {
    const double log_ways = lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1);
    return exp(log_ways - (double)n * 0.69314718055994530942);
}

double gb_median_ranks(size_t n, size_t *low, size_t *high) {
    double below = 0; /* P(X <= k) */
    double covered = 1 - 2 * half_binomial(n, 0);
    *low = 0;
    for (size_t k = 0; 2 * k < n; k++) {
        below += half_binomial(n, k);
        if (2 * below > 0.05) break;
        *low = k;
        covered = 1 - 2 * below;
    }
    *high = n - 1 - *low;
    return covered;
}

static size_t count_outliers(const double *sorted, size_t n) {
    const double low = gb_percentile(sorted, n, 0.25);
    const double high = gb_percentile(sorted, n, 0.75);
    const double fence = 3 * (high - low);
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += sorted[i] < low - fence || sorted[i] > high + fence;
    return count;
}

gb_summary gb_summarize(const double *samples, size_t n, double *scratch) {
    memcpy(scratch, samples, n * sizeof *scratch);
    gb_sort_doubles(scratch, n);
    gb_summary s = {.n = n, .median = gb_percentile(scratch, n, 0.5), .min = scratch[0], .max = scratch[n - 1]};
    size_t low = 0;
    size_t high = 0;
    (void)gb_median_ranks(n, &low, &high);
    s.low = scratch[low];
    s.high = scratch[high];
    s.outliers = count_outliers(scratch, n);
    for (size_t i = 0; i < n; i++) s.mean += scratch[i] / (double)n;
    double squares = 0;
    for (size_t i = 0; i < n; i++) squares += (scratch[i] - s.mean) * (scratch[i] - s.mean);
    s.sd = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
    return s;
}

double gb_noise_floor(const double *samples, size_t n, double *scratch) {
    double median[2] = {0};
    for (size_t half = 0; half < 2; half++) {
        size_t count = 0;
        for (size_t i = half; i < n; i += 2) scratch[count++] = samples[i];
        gb_sort_doubles(scratch, count);
        median[half] = gb_percentile(scratch, count, 0.5);
    }
    return fabs(median[0] / median[1] - 1);
}

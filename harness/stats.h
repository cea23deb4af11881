/* Statistics that assume nothing about the distribution of timing samples. */
#ifndef GB_HARNESS_STATS_H
#define GB_HARNESS_STATS_H

#include <stddef.h>

void gb_sort_doubles(double *x, size_t n);

/* Percentile p (0..1) of n >= 1 sorted values: linear interpolation at position p * (n - 1). */
double gb_percentile(const double *sorted, size_t n, double p);

/* 0-based ranks of the order statistics that enclose the median with at least 95 % probability, whatever the
 * distribution: the largest k with 2 P(Binomial(n, 1/2) <= k) <= 0.05 gives ranks k and n - 1 - k. Returns the
 * coverage; below six samples no pair reaches 95 %, and the ranks are 0 and n - 1. n >= 1. */
double gb_median_ranks(size_t n, size_t *low, size_t *high);

typedef struct gb_summary {
    size_t n;
    double median, low, high; /* 95 % interval of the median by gb_median_ranks() */
    double mean, sd;          /* sd: n - 1 in the denominator, 0 for one sample */
    double min, max;
    size_t outliers; /* samples more than three interquartile ranges away from the quartiles: counted, never dropped */
} gb_summary;

/* Summary of n >= 1 samples; `scratch` holds n doubles and gets the sorted samples. */
gb_summary gb_summarize(const double *samples, size_t n, double *scratch);

/* A/A noise floor: |median of the even samples / median of the odd ones - 1|, samples in the order of measurement. What
 * two runs of the same code differ by, so no smaller difference means anything. n >= 2; scratch: n doubles. */
double gb_noise_floor(const double *samples, size_t n, double *scratch);

#endif

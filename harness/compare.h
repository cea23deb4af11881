/* Two sets of samples: by how much do they differ, and is that shown? Nothing is assumed about the distribution but
 * what the ranks need: paired differences symmetric about their centre (they are, if both sides share one noise), and
 * two unpaired sets alike but for a shift. */
#ifndef GB_HARNESS_COMPARE_H
#define GB_HARNESS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/error.h"

/* A Hodges-Lehmann estimate with the interval that the rank test of the same ranks does not reject. */
typedef struct gb_shift {
    double estimate, low, high;
    double coverage; /* of the interval; below the confidence asked for where the samples are too few for it */
} gb_shift;

/* Centre of n >= 1 paired differences: median of the averages of all pairs (i <= j), Wilcoxon's signed ranks. */
int gb_shift_paired(const double *d, size_t n, double confidence, gb_shift *out, gb_error *err);

/* y - x of two sets, each >= 1: median of all nx * ny differences, Mann and Whitney's ranks. */
int gb_shift_two(const double *x, size_t nx, const double *y, size_t ny, double confidence, gb_shift *out,
                 gb_error *err);

/* b / a of positive quantities, by their logarithms. */
typedef struct gb_ratio {
    double ratio, low, high; /* the interval is widened by the noise floor on both sides */
    double coverage, floor;
    bool paired;
    size_t n_a, n_b;
} gb_ratio;

/* a[i] and b[i] were measured next to each other. floor: A/A noise as a ratio (0.01 = 1 %), >= 0. GB_EINPUT: a sample
 * is not positive and finite. */
int gb_ratio_paired(const double *a, const double *b, size_t n, double confidence, double floor, gb_ratio *out,
                    gb_error *err);
/* Two runs on their own. */
int gb_ratio_two(const double *a, size_t na, const double *b, size_t nb, double confidence, double floor, gb_ratio *out,
                 gb_error *err);

typedef enum gb_difference { GB_NOT_SHOWN, GB_LOWER, GB_HIGHER } gb_difference;

/* What the interval says about b against a: HIGHER or LOWER only where 1 lies outside it, at the confidence asked for.
 */
gb_difference gb_ratio_shows(const gb_ratio *r, double confidence);

#endif

/* The searches that quantizers share. Sums run in ascending order from +0, one rounding per operation; the order of the
 * factors is part of the definition, because exact rounding ties decide codes (docs/formats/). x, weight: n floats. */
#ifndef GB_REFERENCE_SEARCH_H
#define GB_REFERENCE_SEARCH_H

#include <stddef.h>
#include <stdint.h>

float gb_sum_squares(const float *x, size_t n);

/* weight = importance * sqrt(sigma2 + x^2), importance NULL: 1 for all. Returns the sum of the weights. */
float gb_weigh(size_t n, const float *x, const float *importance, float sigma2, float *weight);

/* Signed codes -half..half-1, stored + half. Returns the scale, which may be negative. weight NULL means x^2. */
float gb_search_signed(size_t n, int half, const float *x, const float *weight, uint8_t *code);

/* The same codes from one trial scale and greedy passes, with the weights x^2: q3_K without importance. */
float gb_search_greedy(size_t n, int half, const float *x, uint8_t *code);

/* x ~ scale * code - negmin, codes 0..top, `steps` + 1 trial scales (r0 + dr * step + top) / range. squared: error
 * measure w * d^2 instead of w * |d|. Returns the scale, *negmin = -min >= 0. Where x[0] is NaN nothing is searched:
 * the scale, the codes and what a block makes of negmin are 0. (ggml has two tests for a range of nothing, max == min
 * and max <= min; as min is at most 0 and at most max, they differ for NaN only, where the bytes come out the same.) */
typedef struct gb_affine {
    int top;
    float r0, dr;
    int steps;
    int squared;
} gb_affine;
float gb_search_affine(size_t n, const gb_affine *how, const float *x, const float *weight, uint8_t *code,
                       float *negmin);

/* Codes 0..top for x >= 0: trial scales, then greedy passes. Returns the scale. */
float gb_search_positive(size_t n, int top, const float *x, const float *weight, uint8_t *code);

#endif

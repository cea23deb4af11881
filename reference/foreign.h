/* What the formats of kernels/foreign.h share. */
#ifndef GB_REFERENCE_FOREIGN_H
#define GB_REFERENCE_FOREIGN_H

#include <float.h>

#include "reference/lanes.h"
#include "reference/number.h"

/* Encoders take a NaN as 0: no code of these formats could stand for it. */
static inline float gb_number(float x) {
    return x != x ? 0.0F : x;
}

/* Largest magnitude, +0 where there is none; a NaN never counts. */
static inline float gb_largest(const float *x, size_t n) {
    float largest = 0.0F;
    for (size_t i = 0; i < n; i++)
        if (gb_larger_magnitude(x[i], largest)) largest = gb_abs_f32(x[i]);
    return largest;
}

/* Scales outside of this end an encoder's work: it stores the codes of zero. */
static inline int gb_is_usable(float scale) {
    return scale > 0.0F && scale <= FLT_MAX;
}

/* --- rows whose weights are floats: decoded, then multiplied with an unrounded activation row -------------------- */

/* Block k of a row of n elements; the headers of the row lie where the format says. */
typedef void gb_decode_block_fn(const uint8_t *row, size_t n, size_t k, float *x);

enum { GB_DECODED = 64 }; /* elements of the longest of these blocks; all are multiples of the sixteen lanes */

static inline void gb_decode_row(gb_decode_block_fn *decode, size_t block, const void *row, float *x, size_t n) {
    for (size_t k = 0; k < n / block; k++) decode(row, n, k, x + k * block);
}

/* The sixteen-lane sum of lanes.h over weight * activation, each product rounded. */
static inline float gb_dot_decoded(gb_decode_block_fn *decode, size_t block, const void *w, const void *a, size_t n) {
    float lane[GB_LANES] = {0};
    float x[GB_DECODED];
    for (size_t i = 0; i < n; i++) {
        if (i % block == 0) decode(w, n, i / block, x);
        const float product = x[i % block] * gb_load_f32(a, i);
        lane[i % GB_LANES] = lane[i % GB_LANES] + product;
    }
    return gb_fold_lanes(lane);
}

/* The operations of such a format. quantize_row encodes n floats from x to `blocks`; decode_one writes block k of `row`
 * to x. */
#define GB_FLOAT_WEIGHTS(name, block, quantize_row, decode_one)                                                        \
    static void decode_##name(const uint8_t *row, size_t n, size_t k, float *x) {                                      \
        (void)n;                                                                                                       \
        decode_one;                                                                                                    \
    }                                                                                                                  \
    void gb_ref_##name##_quantize(const float *x, void *blocks, size_t n, const float *importance) {                   \
        (void)importance; /* nothing is searched */                                                                    \
        quantize_row;                                                                                                  \
    }                                                                                                                  \
    void gb_ref_##name##_dequantize(const void *blocks, float *x, size_t n) {                                          \
        gb_decode_row(decode_##name, block, blocks, x, n);                                                             \
    }                                                                                                                  \
    float gb_ref_##name##_dot(const void *w, const void *a, size_t n) {                                                \
        return gb_dot_decoded(decode_##name, block, w, a, n);                                                          \
    }

#endif

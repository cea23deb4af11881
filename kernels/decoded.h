/* The formats whose weights are floats, from what a tier does with the codes of one block to its kernels. The tier has
 * defined gb_floats, a vector of floats, and GB_DECODED_KERNELS(name, elements per block, decode); decode(row, n, k, x)
 * writes block k of a row of n elements. */
#ifndef GB_DECODED_H
#define GB_DECODED_H

#include "reference/bnb4.h"
#include "reference/minifloat.h"

/* x * unit * scale, unit a power of two above 1 and x * unit exact: one product where unit * scale is exact, which it
 * is unless it overflows. */
typedef struct gb_unit_scale {
    float first, second;
    int apart;
} gb_unit_scale;

static inline gb_unit_scale gb_join_scale(float unit, float scale) {
    const float both = unit * scale;
    if (__builtin_expect(gb_is_finite(both) || !gb_is_finite(scale), 1)) return (gb_unit_scale){both, 1.0F, 0};
    return (gb_unit_scale){unit, scale, 1};
}

#define GB_DECODER(name) static inline __attribute__((always_inline)) void name

/* by(levels, scale, codes, x) */
#define GB_BNB4_KERNELS(name, levels, by)                                                                              \
    GB_DECODER(name##_decode)(const uint8_t *row, size_t n, size_t k, gb_floats *x) {                                  \
        (void)n; /* no headers */                                                                                      \
        const gb_block_bnb4 *b = (const gb_block_bnb4 *)(const void *)row + k;                                         \
        by(levels, b->absmax, b->qs, x);                                                                               \
    }                                                                                                                  \
    GB_DECODED_KERNELS(name, GB_BNB4_BLOCK, name##_decode)

#define GB_BNB4_DQ_KERNELS(name, levels, by)                                                                           \
    GB_DECODER(name##_decode)(const uint8_t *row, size_t n, size_t k, gb_floats *x) {                                  \
        const uint8_t *qs;                                                                                             \
        const float scale = gb_bnb4_dq_open(row, n, k, &qs);                                                           \
        by(levels, scale, qs, x);                                                                                      \
    }                                                                                                                  \
    GB_DECODED_KERNELS(name, GB_BNB4_BLOCK, name##_decode)

/* by(codes, scale, x); block: mxfp6 or mxfp8 */
#define GB_MX_KERNELS(name, block, by)                                                                                 \
    GB_DECODER(name##_decode)(const uint8_t *row, size_t n, size_t k, gb_floats *x) {                                  \
        (void)n; /* no headers */                                                                                      \
        const gb_block_##block *b = (const gb_block_##block *)row + k;                                                 \
        by(b->qs, gb_f32_from_e8m0(b->e), x);                                                                          \
    }                                                                                                                  \
    GB_DECODED_KERNELS(name, 32, name##_decode)

#define GB_FP8_KERNELS(name, by)                                                                                       \
    GB_DECODER(name##_decode)(const uint8_t *row, size_t n, size_t k, gb_floats *x) {                                  \
        (void)n; /* one header */                                                                                      \
        by(row + sizeof(float) + k * sizeof(gb_block_fp8), gb_load_f32(row, 0), x);                                    \
    }                                                                                                                  \
    GB_DECODED_KERNELS(name, sizeof(gb_block_fp8), name##_decode)

#define GB_ALL_BNB4_KERNELS(by)                                                                                        \
    GB_BNB4_KERNELS(nf4, gb_nf4_levels, by)                                                                            \
    GB_BNB4_KERNELS(fp4, gb_fp4_levels, by)                                                                            \
    GB_BNB4_DQ_KERNELS(nf4_dq, gb_nf4_levels, by)                                                                      \
    GB_BNB4_DQ_KERNELS(fp4_dq, gb_fp4_levels, by)

#define GB_ALL_MINIFLOAT_KERNELS(e2m3, e3m2, e4m3, e5m2)                                                               \
    GB_MX_KERNELS(mxfp6_e2m3, mxfp6, e2m3)                                                                             \
    GB_MX_KERNELS(mxfp6_e3m2, mxfp6, e3m2)                                                                             \
    GB_MX_KERNELS(mxfp8_e4m3, mxfp8, e4m3)                                                                             \
    GB_MX_KERNELS(mxfp8_e5m2, mxfp8, e5m2)                                                                             \
    GB_FP8_KERNELS(fp8_e4m3, e4m3)                                                                                     \
    GB_FP8_KERNELS(fp8_e5m2, e5m2)

#endif

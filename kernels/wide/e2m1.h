/* Encoders of the formats with four-bit floats: nothing is searched, a block after another. */
#ifndef GB_WIDE_E2M1_H
#define GB_WIDE_E2M1_H

#include <float.h>

#include "kernels/formats.h"
#include "kernels/wide/round.h"
#include "reference/e2m1.h"
#include "reference/reference.h"
#include "reference/scale8.h"

enum { GB_WIDE_E2M1_MEANS = 7 /* of neighbouring levels */ };

/* Whether gb_wide_e2m1() gives the codes of gb_e2m1_nearest(): no level may be infinite, and no difference between an
 * element and a level so large that its rounding makes two levels equally near. */
GB_INLINE int gb_wide_e2m1_serves(float largest, float scale) {
    return 12.0F * scale <= FLT_MAX && largest <= 32.0F * scale;
}

/* All are exact: scales and levels have few bits. */
GB_INLINE void gb_wide_e2m1_means(float scale, gb_wide mean[GB_WIDE_E2M1_MEANS]) {
    for (size_t k = 0; k < GB_WIDE_E2M1_MEANS; k++)
        mean[k] = gb_wide_set(0.5F * (float)(gb_e2m1_doubled[k] + gb_e2m1_doubled[k + 1]) * scale);
}

/* Codes as floats. At a mean the level closer to zero is taken: near it the reference's two differences are exact,
 * elsewhere they cannot change places. A NaN is not above any mean: code 0. */
GB_INLINE gb_wide gb_wide_e2m1(gb_wide x, const gb_wide mean[GB_WIDE_E2M1_MEANS]) {
    const gb_wide size = gb_wide_abs(x);
    gb_wide code = gb_wide_set(0.0F);
    GB_UNROLL
    for (size_t k = 0; k < GB_WIDE_E2M1_MEANS; k++)
        code = gb_wide_select(gb_wide_less(mean[k], size), gb_wide_set((float)(k + 1)), code);
    return code + gb_wide_select(gb_wide_less(x, -mean[0]), gb_wide_set(8.0F), gb_wide_set(0.0F));
}

/* --- mxfp4 ------------------------------------------------------------------------------------------------------- */

GB_INLINE void gb_wide_mxfp4_block(const float *x, gb_block_mxfp4 *b) {
    enum { ELEMS = 32, HALF = 16 };
    const float largest = gb_wide_largest(x, ELEMS);
    b->e = gb_e8m0_of_largest(largest);
    const float scale = gb_f32_from_e8m0_half(b->e);
    if (!gb_wide_e2m1_serves(largest, scale)) {
        gb_ref_mxfp4_quantize(x, b, ELEMS, NULL);
        return;
    }
    gb_wide mean[GB_WIDE_E2M1_MEANS];
    gb_wide_e2m1_means(scale, mean);
    for (size_t j = 0; j < HALF; j += GB_WIDE) {
        const gb_wide low = gb_wide_e2m1(gb_wide_load(x + j), mean);
        const gb_wide high = gb_wide_e2m1(gb_wide_load(x + HALF + j), mean);
        gb_wide_store_bytes(b->qs + j, low + gb_wide_set(16.0F) * high);
    }
}

static inline void gb_wide_mxfp4_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance;
    gb_block_mxfp4 *b = blocks;
    for (size_t k = 0; k < n / 32; k++) gb_wide_mxfp4_block(x + k * 32, &b[k]);
}

/* --- nvfp4 ------------------------------------------------------------------------------------------------------- */

/* Sixteen codes to nibbles: no code carries into the byte above. */
GB_INLINE void gb_wide_nibbles16(const float *x, const gb_wide mean[GB_WIDE_E2M1_MEANS], uint8_t qs[8]) {
    uint8_t code[16];
    uint64_t half[2];
    for (size_t j = 0; j < 16; j += GB_WIDE) gb_wide_store_bytes(code + j, gb_wide_e2m1(gb_wide_load(x + j), mean));
    memcpy(half, code, sizeof half);
    half[0] |= half[1] << 4;
    memcpy(qs, half, sizeof half[0]);
}

GB_INLINE void gb_wide_nvfp4_block(const float *x, gb_block_nvfp4 *b) {
    enum { ELEMS = 64, SUB = 16, SUBS = 4 };
    for (size_t s = 0; s < SUBS; s++) {
        const float largest = gb_wide_largest(x + s * SUB, SUB);
        b->d[s] = gb_ue4m3_from_f32(largest / 6.0F);
        float scale = gb_f32_from_ue4m3_half(b->d[s]);
        if (scale == 0.0F) scale = 1.0F; /* all are below 2^-7, and code 0 */
        if (!gb_wide_e2m1_serves(largest, scale)) {
            gb_ref_nvfp4_quantize(x, b, ELEMS, NULL);
            return;
        }
        gb_wide mean[GB_WIDE_E2M1_MEANS];
        gb_wide_e2m1_means(scale, mean);
        gb_wide_nibbles16(x + s * SUB, mean, b->qs + s * (SUB / 2));
    }
}

static inline void gb_wide_nvfp4_quantize(const float *x, void *blocks, size_t n, const float *importance) {
    (void)importance;
    gb_block_nvfp4 *b = blocks;
    for (size_t k = 0; k < n / 64; k++) gb_wide_nvfp4_block(x + k * 64, &b[k]);
}

#endif

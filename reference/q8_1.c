/* q8_1: the activation partner of the formats with an added minimum: q8_0 and the sum of its elements. */
#include "reference/legacy.h"
#include "reference/number.h"
#include "reference/reference.h"

enum { BLOCK = 32 };

/* s = f16((sum of q) * d) with the unrounded d, |sum of q| <= 32 * 127. An infinite element makes d infinite and every
 * q 0: s is then the NaN of 0 * inf, and shows the accident. */
void gb_ref_q8_1_quantize_act(const float *x, void *blocks, size_t n) {
    gb_block_q8_1 *b = blocks;
    for (size_t i = 0; i < n / BLOCK; i++) {
        const float d = gb_encode_bytes32(x + i * BLOCK, b[i].qs);
        int sum = 0;
        for (size_t j = 0; j < BLOCK; j++) sum += b[i].qs[j];
        b[i].d = gb_f16_from_f32(d);
        b[i].s = gb_f16_from_scale((float)sum * d);
    }
}

void gb_ref_q8_1_dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_q8_1 *b = blocks;
    for (size_t i = 0; i < n; i++) x[i] = (float)b[i / BLOCK].qs[i % BLOCK] * gb_f32_from_f16(b[i / BLOCK].d);
}

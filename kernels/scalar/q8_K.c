/* q8_K, plain C. */
#include "kernels/q8_K.h"
#include "kernels/scalar/common.h"

enum { SUB = 16 };

GB_INLINE float extreme(const float *x) {
    return gb_extreme(x, BLOCK);
}

GB_INLINE void encode_codes(const float *x, float inverse, gb_block_q8_K *b) {
    for (size_t j = 0; j < BLOCK / SUB; j++) {
        int sum = 0;
        for (size_t l = 0; l < SUB; l++) {
            /* |inverse * x| rounds to 127 at most, or is infinite or NaN: either way the byte is 0 then */
            const float t = inverse * x[j * SUB + l] + 12582912.0F;
            const int8_t q = (int8_t)(uint8_t)(t != t ? 0U : gb_f32_bits(t) & 255U);
            b->qs[j * SUB + l] = q;
            sum += q;
        }
        b->bsums[j] = (int16_t)sum;
    }
}

GB_INLINE void decode(const gb_block_q8_K *b, float *x, size_t blocks) {
    for (size_t k = 0; k < blocks; k++, x += BLOCK) {
        const float d = b[k].d;
        for (size_t j = 0; j < BLOCK; j++) x[j] = d * (float)b[k].qs[j];
    }
}

GB_Q8_K_KERNELS(scalar)

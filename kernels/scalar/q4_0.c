/* q4_0, plain C. The 8 is taken off each code, so codes are signed. dot multiplies nibbles where they lie; the gemm
 * unpacks a block once for six columns. */
#include "kernels/q4_0.h"
#include "kernels/scalar/common.h"
#include "reference/reference.h"

enum { BLOCK = 32, HALF = 16 };

static uint8_t round_code(float v) {
    const int c = (int)((v != v ? 0.0F : v) + 8.5F);
    return (uint8_t)(c < 15 ? c : 15);
}

GB_INLINE float extreme(const float *x) {
    return gb_extreme(x, BLOCK);
}

GB_INLINE void encode_codes(const float *x, float id, uint8_t qs[HALF]) {
    for (size_t j = 0; j < HALF; j++) qs[j] = (uint8_t)(round_code(x[j] * id) | round_code(x[j + HALF] * id) << 4);
}

/* The search's order of sums is the definition: the reference runs it. */
GB_Q4_0_ENCODER(scalar, gb_ref_q4_0_quantize, gb_f16_from_f32)

void gb_q4_0_dequantize_scalar(const void *blocks, float *x, size_t n) {
    const gb_block_q4_0 *b = blocks;
    for (size_t k = 0; k < n / BLOCK; k++, x += BLOCK) {
        const float d = gb_f32_from_f16(b[k].d);
        for (size_t j = 0; j < HALF; j++) {
            x[j] = (float)((b[k].qs[j] & 15) - 8) * d;
            x[j + HALF] = (float)((b[k].qs[j] >> 4) - 8) * d;
        }
    }
}

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_q4_0 *b = (const gb_block_q4_0 *)row + block;
    out->d = gb_f32_from_f16(b->d);
    out->sc[0] = 1;
    for (size_t j = 0; j < HALF; j++) {
        out->code[j] = (b->qs[j] & 15) - 8;
        out->code[j + HALF] = (b->qs[j] >> 4) - 8;
    }
}

GB_INLINE int sum(const void *row, size_t block, const int8_t *qs, float *d) {
    const gb_block_q4_0 *b = (const gb_block_q4_0 *)row + block;
    int low;
    int high;
    *d = gb_f32_from_f16(b->d);
    gb_mul_nibbles(b->qs, qs, HALF, HALF, 8, &low, &high);
    return low + high;
}

static const gb_flat_format format = {.elems = BLOCK, .subs = 1, .unpack = unpack, .act = gb_act_q8_0, .sum = sum};
GB_TERM_DOTS(q4_0, format)

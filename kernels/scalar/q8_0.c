/* q8_0, plain C. */
#include "kernels/scalar/bytes32.h"

enum { BLOCK = 32 };

static void encode(const float *x, gb_block_q8_0 *b, size_t blocks) {
    for (size_t k = 0; k < blocks; k++) b[k].d = gb_f16_from_f32(gb_round_bytes32(x + k * BLOCK, b[k].qs));
}

GB_Q8_0_ENCODERS(scalar)
GB_DECODE_BYTES32(q8_0, scalar)

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_q8_0 *b = (const gb_block_q8_0 *)row + block;
    out->d = gb_f32_from_f16(b->d);
    out->sc[0] = 1;
    for (size_t j = 0; j < BLOCK; j++) out->code[j] = b->qs[j];
}

GB_INLINE int sum(const void *row, size_t block, const int8_t *qs, float *d) {
    const gb_block_q8_0 *b = (const gb_block_q8_0 *)row + block;
    int even = 0;
    int odd = 0;
    *d = gb_f32_from_f16(b->d);
    for (size_t j = 0; j < BLOCK; j += 8) {
        even += gb_mul4(b->qs + j, qs + j);
        odd += gb_mul4(b->qs + j + 4, qs + j + 4);
    }
    return even + odd;
}

static const gb_flat_format format = {.elems = BLOCK, .subs = 1, .unpack = unpack, .act = gb_act_q8_0, .sum = sum};
GB_TERM_DOTS(q8_0, format)

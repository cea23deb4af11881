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

float gb_q8_0_dot_scalar(const void *w, const void *a, size_t n) {
    const gb_block_q8_0 *bw = w;
    const gb_block_q8_0 *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / BLOCK; k++) {
        int even = 0;
        int odd = 0;
        for (size_t j = 0; j < BLOCK; j += 8) {
            even += gb_mul4(bw[k].qs + j, ba[k].qs + j);
            odd += gb_mul4(bw[k].qs + j + 4, ba[k].qs + j + 4);
        }
        acc = acc + (gb_f32_from_f16(bw[k].d) * gb_f32_from_f16(ba[k].d)) * (float)(even + odd);
    }
    return acc;
}

void gb_q8_0_gemv_scalar(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    for (size_t r = 0; r < rows; r++) y[r] = gb_q8_0_dot_scalar((const char *)w + r * w_stride, a, n);
}

void gb_q8_0_gemm_scalar(const gb_gemm_args *g) {
    static const gb_flat_format format = {.elems = BLOCK, .subs = 1, .unpack = unpack, .act = gb_act_q8_0};
    gb_block_gemm(&format, g);
}

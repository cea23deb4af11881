/* q4_K, plain C. */
#include "kernels/scalar/common.h"

enum { BLOCK = 256, SUB = 32, SUBS = 8, CHUNK = 64 };

/* All eight scales and mins at once, four bytes a word: the first four of each are the low six bits of words 0 and 1,
 * the last four take a nibble of word 2 and the top two bits of words 0 and 1. */
static void get_scales(const gb_block_q4_K *b, int32_t sc[SUBS], int32_t mn[SUBS]) {
    uint32_t u[3];
    memcpy(u, b->scales, sizeof u);
    const uint32_t word[4] = {u[0] & 0x3f3f3f3fU, (u[2] & 0x0f0f0f0fU) | (u[0] >> 2 & 0x30303030U), u[1] & 0x3f3f3f3fU,
                              (u[2] >> 4 & 0x0f0f0f0fU) | (u[1] >> 2 & 0x30303030U)};
    for (size_t j = 0; j < SUBS; j++) {
        sc[j] = (int32_t)(word[j / 4] >> j % 4 * 8 & 63U);
        mn[j] = (int32_t)(word[2 + j / 4] >> j % 4 * 8 & 63U);
    }
}

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_q4_K *b = (const gb_block_q4_K *)row + block;
    out->d = gb_f32_from_f16(b->d);
    out->dmin = gb_f32_from_f16(b->dmin);
    get_scales(b, out->sc, out->mn);
    for (size_t c = 0; c < BLOCK / CHUNK; c++) {
        for (size_t l = 0; l < SUB; l++) {
            out->code[CHUNK * c + l] = b->qs[SUB * c + l] & 15;
            out->code[CHUNK * c + SUB + l] = b->qs[SUB * c + l] >> 4;
        }
    }
}

void gb_q4_K_dequantize_scalar(const void *blocks, float *x, size_t n) {
    for (size_t k = 0; k < n / BLOCK; k++) {
        gb_flat_block b;
        unpack(blocks, k, &b);
        for (size_t j = 0; j < SUBS; j++) {
            const float ds = b.d * (float)b.sc[j];
            const float dm = b.dmin * (float)b.mn[j];
            for (size_t l = 0; l < SUB; l++) *x++ = ds * (float)b.code[j * SUB + l] - dm;
        }
    }
}

float gb_q4_K_dot_scalar(const void *w, const void *a, size_t n) {
    const gb_block_q4_K *bw = w;
    const gb_block_q8_K *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / BLOCK; k++) {
        int32_t sc[SUBS];
        int32_t mn[SUBS];
        int isum = 0;
        int msum = 0;
        get_scales(&bw[k], sc, mn);
        for (size_t c = 0; c < BLOCK / CHUNK; c++) {
            int low;
            int high;
            gb_mul_nibbles(bw[k].qs + SUB * c, ba[k].qs + CHUNK * c, SUB, SUB, 0, &low, &high);
            isum += sc[2 * c] * low + sc[2 * c + 1] * high;
        }
        for (size_t j = 0; j < SUBS; j++) msum += mn[j] * (ba[k].bsums[2 * j] + ba[k].bsums[2 * j + 1]);
        const float scaled = (gb_f32_from_f16(bw[k].d) * ba[k].d) * (float)isum;
        const float offset = (gb_f32_from_f16(bw[k].dmin) * ba[k].d) * (float)msum;
        acc = acc + (scaled - offset);
    }
    return acc;
}

void gb_q4_K_gemv_scalar(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    for (size_t r = 0; r < rows; r++) y[r] = gb_q4_K_dot_scalar((const char *)w + r * w_stride, a, n);
}

void gb_q4_K_gemm_scalar(const gb_gemm_args *g) {
    static const gb_flat_format format = {
        .elems = BLOCK, .subs = SUBS, .mins = 1, .unpack = unpack, .act = gb_act_q8_K};
    gb_block_gemm(&format, g);
}

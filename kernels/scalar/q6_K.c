/* q6_K, plain C. */
#include "kernels/scalar/common.h"

enum { BLOCK = 256, SUB = 16, SUBS = 16, HALF = 128, QUARTER = 32 };

/* Codes minus 32 of one half: quarters 0, 1 from low nibbles, 2, 3 from high nibbles, two top bits each from qh. */
static void unpack_half(const gb_block_q6_K *b, size_t half, int32_t code[HALF]) {
    const uint8_t *ql = b->ql + half * 64;
    const uint8_t *qh = b->qh + half * 32;
    for (size_t l = 0; l < QUARTER; l++) {
        const int top = qh[l];
        code[l] = ((ql[l] & 15) | (top << 4 & 48)) - 32;
        code[l + 32] = ((ql[l + 32] & 15) | (top << 2 & 48)) - 32;
        code[l + 64] = ((ql[l] >> 4) | (top & 48)) - 32;
        code[l + 96] = ((ql[l + 32] >> 4) | (top >> 2 & 48)) - 32;
    }
}

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_q6_K *b = (const gb_block_q6_K *)row + block;
    out->d = gb_f32_from_f16(b->d);
    for (size_t j = 0; j < SUBS; j++) out->sc[j] = b->scales[j];
    unpack_half(b, 0, out->code);
    unpack_half(b, 1, out->code + HALF);
}

void gb_q6_K_dequantize_scalar(const void *blocks, float *x, size_t n) {
    for (size_t k = 0; k < n / BLOCK; k++) {
        gb_flat_block b;
        unpack(blocks, k, &b);
        for (size_t j = 0; j < SUBS; j++) {
            const float ds = b.d * (float)b.sc[j];
            for (size_t l = 0; l < SUB; l++) *x++ = ds * (float)b.code[j * SUB + l];
        }
    }
}

/* Bytes of a quarter's sixteen elements, straight from the planes. */
GB_INLINE int sub_sum(const uint8_t *low, const uint8_t *high, int low_shift, int high_shift, const int8_t *q) {
    int sum = 0;
    for (size_t l = 0; l < SUB; l++) sum += ((low[l] >> low_shift & 15) | (high[l] >> high_shift & 3) << 4) * q[l];
    return sum;
}

float gb_q6_K_dot_scalar(const void *w, const void *a, size_t n) {
    const gb_block_q6_K *bw = w;
    const gb_block_q8_K *ba = a;
    float acc = 0.0F;
    for (size_t k = 0; k < n / BLOCK; k++) {
        int isum = 0;
        for (size_t half = 0; half < 2; half++) {
            for (size_t s = 0; s < 2; s++) { /* the two sixteens of each quarter */
                const uint8_t *ql = bw[k].ql + 64 * half + SUB * s;
                const uint8_t *qh = bw[k].qh + 32 * half + SUB * s;
                const int8_t *q = ba[k].qs + HALF * half + SUB * s;
                const int8_t *sc = bw[k].scales + 8 * half + s;
                isum += sc[0] * sub_sum(ql, qh, 0, 0, q);
                isum += sc[2] * sub_sum(ql + 32, qh, 0, 2, q + 32);
                isum += sc[4] * sub_sum(ql, qh, 4, 4, q + 64);
                isum += sc[6] * sub_sum(ql + 32, qh, 4, 6, q + 96);
            }
        }
        /* the codes above are value + 32: the sums of sixteen take the 32 away */
        for (size_t j = 0; j < SUBS; j++) isum -= 32 * bw[k].scales[j] * ba[k].bsums[j];
        acc = acc + (gb_f32_from_f16(bw[k].d) * ba[k].d) * (float)isum;
    }
    return acc;
}

void gb_q6_K_gemv_scalar(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    for (size_t r = 0; r < rows; r++) y[r] = gb_q6_K_dot_scalar((const char *)w + r * w_stride, a, n);
}

void gb_q6_K_gemm_scalar(const gb_gemm_args *g) {
    static const gb_flat_format format = {.elems = BLOCK, .subs = SUBS, .unpack = unpack, .act = gb_act_q8_K};
    gb_block_gemm(&format, g);
}

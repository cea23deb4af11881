/* gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4, plain C: terms of 32 elements, of which a group of 128 has four. Zeros
 * are taken off the codes as these are unpacked: from there on they are signed codes like others. */
#include "kernels/scalar/common.h"

enum { TERM = 32, TERMS = 4, PAIRS = TERM / 2 };

/* Byte j holds elements 2j and 2j + 1. */
GB_INLINE void nibbles(const uint8_t *qs, int zero, int32_t *code) {
    for (size_t j = 0; j < PAIRS; j++) {
        code[2 * j] = (qs[j] & 15) - zero;
        code[2 * j + 1] = (qs[j] >> 4) - zero;
    }
}

/* A word holds the elements 0 2 4 6 1 3 5 7. */
GB_INLINE void awq_nibbles(const uint8_t *qs, int zero, int32_t *code) {
    for (size_t j = 0; j < PAIRS; j += 4, qs += 4, code += 8) {
        for (size_t odd = 0; odd < 2; odd++) {
            code[odd] = (qs[2 * odd] & 15) - zero;
            code[2 + odd] = (qs[2 * odd] >> 4) - zero;
            code[4 + odd] = (qs[2 * odd + 1] & 15) - zero;
            code[6 + odd] = (qs[2 * odd + 1] >> 4) - zero;
        }
    }
}

static void gptq4(const void *row, size_t term, gb_flat_block *out) {
    const gb_block_gptq4 *b = (const gb_block_gptq4 *)row + term / TERMS;
    out->d = gb_f32_from_f16(b->d);
    out->sc[0] = 1;
    nibbles(b->qs + term % TERMS * PAIRS, b->zero, out->code);
}

static void gptq8(const void *row, size_t term, gb_flat_block *out) {
    const gb_block_gptq8 *b = (const gb_block_gptq8 *)row + term / TERMS;
    out->d = gb_f32_from_f16(b->d);
    out->sc[0] = 1;
    for (size_t j = 0; j < TERM; j++) out->code[j] = b->qs[term % TERMS * TERM + j] - b->zero;
}

/* Bytes need no unpacking. By fours: compilers vectorize the plain loop, and it takes longer. */
GB_INLINE int gptq8_sum(const void *row, size_t term, const int8_t *q, float *d) {
    const gb_block_gptq8 *b = (const gb_block_gptq8 *)row + term / TERMS;
    const uint8_t *qs = b->qs + term % TERMS * TERM;
    int total = 0;
    const int zero = b->zero;
    for (size_t j = 0; j < TERM; j += 4)
        total += (qs[j] - zero) * q[j] + (qs[j + 1] - zero) * q[j + 1] + (qs[j + 2] - zero) * q[j + 2] +
                 (qs[j + 3] - zero) * q[j + 3];
    *d = gb_f32_from_f16(b->d);
    return total;
}

static void awq4(const void *row, size_t term, gb_flat_block *out) {
    const gb_block_awq4 *b = (const gb_block_awq4 *)row + term / TERMS;
    out->d = gb_f32_from_f16(b->d);
    out->sc[0] = 1;
    awq_nibbles(b->qs + term % TERMS * PAIRS, b->zero, out->code);
}

static void mlc(const void *row, size_t term, gb_flat_block *out) {
    const gb_block_mlc_q4f16_1 *b = (const gb_block_mlc_q4f16_1 *)row + term;
    out->d = gb_f32_from_f16(b->d);
    out->sc[0] = 1;
    nibbles(b->qs, 7, out->code);
}

/* Zero points have four bits. */
static void onnx(const void *row, size_t term, gb_flat_block *out) {
    const gb_block_onnx_q4 *b = (const gb_block_onnx_q4 *)row + term;
    out->d = b->d;
    out->sc[0] = 1;
    nibbles(b->qs, b->zero & 15, out->code);
}

#define GROUPED(name, unpack_term, sum_term)                                                                           \
    static const gb_flat_format name##_format = {                                                                      \
        .elems = TERM, .subs = 1, .unpack = unpack_term, .act = gb_act_q8_0, .sum = sum_term};                         \
    GB_TERM_KERNELS(name, name##_format)

GROUPED(gptq4, gptq4, NULL)
GROUPED(gptq8, gptq8, gptq8_sum)
GROUPED(awq4, awq4, NULL)
GROUPED(mlc_q4f16_1, mlc, NULL)
GROUPED(onnx_q4, onnx, NULL)

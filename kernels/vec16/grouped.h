/* gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4 in vectors of sixteen bytes. */
#include "kernels/vec16/blocks32.h"

GB_INLINE gb_bytes2 gptq4_codes(const char *block, size_t i) {
    return gb_nibble_pairs32(((const gb_block_gptq4 *)block)->qs + 16 * i);
}

/* A word of awq4 holds the elements 0 2 4 6 1 3 5 7. */
GB_INLINE gb_bytes2 awq4_codes(const char *block, size_t i) {
    static const uint8_t order[16] = {0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15};
    gb_bytes2 code = gb_nibble_pairs32(((const gb_block_awq4 *)block)->qs + 16 * i);
    for (size_t h = 0; h < 2; h++) code.val[h] = gb_v_lookup(code.val[h], gb_v_load(order));
    return code;
}

GB_INLINE gb_bytes2 mlc_codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    return gb_lowered32(gb_nibble_pairs32(((const gb_block_mlc_q4f16_1 *)block)->qs), 7);
}

GB_INLINE gb_bytes2 onnx_codes(const char *block, size_t i) {
    (void)i;
    return gb_nibble_pairs32(((const gb_block_onnx_q4 *)block)->qs);
}

/* Bytes 0..255 lowered by 128, and so are their zeros. */
GB_INLINE gb_bytes2 gptq8_codes(const char *block, size_t i) {
    const uint8_t *qs = ((const gb_block_gptq8 *)block)->qs + 32 * i;
    return gb_lowered32((gb_bytes2){{gb_v_load(qs), gb_v_load(qs + 16)}}, 128);
}

GB_INLINE float head_zero(const char *block) {
    return (float)((const gb_block_gptq4 *)block)->zero;
}

GB_INLINE float gptq8_zero(const char *block) {
    return (float)(((const gb_block_gptq8 *)block)->zero - 128);
}

GB_INLINE float onnx_scale(const char *block, size_t term) {
    (void)term;
    return gb_load_f32(block, 0);
}

/* Zero points have four bits. */
GB_INLINE float onnx_zero(const char *block) {
    return (float)(((const gb_block_onnx_q4 *)block)->zero & 15);
}

static const gb_block32 gptq4 = {
    .codes = gptq4_codes, .zero = head_zero, .bytes = sizeof(gb_block_gptq4), .per = 4, .range = GB_BELOW_64};
static const gb_block32 gptq8 = {
    .codes = gptq8_codes, .zero = gptq8_zero, .bytes = sizeof(gb_block_gptq8), .per = 4, .range = GB_ANY_BYTE};
static const gb_block32 awq4 = {
    .codes = awq4_codes, .zero = head_zero, .bytes = sizeof(gb_block_awq4), .per = 4, .range = GB_BELOW_64};
static const gb_block32 mlc_q4f16_1 = {.codes = mlc_codes, .bytes = sizeof(gb_block_mlc_q4f16_1), .range = GB_BELOW_64};
static const gb_block32 onnx_q4 = {.codes = onnx_codes,
                                   .scale = onnx_scale,
                                   .zero = onnx_zero,
                                   .bytes = sizeof(gb_block_onnx_q4),
                                   .range = GB_BELOW_64};

/* by: GB_BLOCK32_DOTS_OF or GB_BLOCK32_KERNELS_OF */
#define GB_ALL_GROUPED(by, isa)                                                                                        \
    by(gptq4, isa, gptq4) by(gptq8, isa, gptq8) by(awq4, isa, awq4) by(mlc_q4f16_1, isa, mlc_q4f16_1)                  \
        by(onnx_q4, isa, onnx_q4)

/* q8_1 in vectors of sixteen bytes: the codes of q8_0 and the sum of the elements. */
#include "kernels/vec16/encode.h"

GB_INLINE void encode_q8_1(const float *x, gb_block_q8_1 *b, size_t blocks) {
    for (size_t k = 0; k < blocks; k++) {
        const float d = gb_encode32(x + k * 32, b[k].qs);
        const int sum = gb_v_byte_sum(gb_v_load(b[k].qs)) + gb_v_byte_sum(gb_v_load(b[k].qs + 16));
        b[k].d = gb_f16_from_f32(d);
        b[k].s = gb_f16_from_scale((float)sum * d); /* NaN where d is infinite */
    }
}

GB_INLINE void decode_q8_1(const gb_block_q8_1 *b, float *x, size_t blocks) {
    for (size_t k = 0; k < blocks; k++, b++, x += 32) {
        const float d = gb_v_scale(b);
        gb_v_store_scaled(x, gb_v_load(b->qs), d);
        gb_v_store_scaled(x + 16, gb_v_load(b->qs + 16), d);
    }
}

#define GB_Q8_1_KERNELS(isa)                                                                                           \
    void gb_q8_1_quantize_act_##isa(const float *x, void *blocks, size_t n) {                                          \
        encode_q8_1(x, blocks, n / 32);                                                                                \
    }                                                                                                                  \
    void gb_q8_1_dequantize_##isa(const void *blocks, float *x, size_t n) {                                            \
        decode_q8_1(blocks, x, n / 32);                                                                                \
    }

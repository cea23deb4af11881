/* q8_0 in vectors of sixteen bytes. */
#include "kernels/vec16/blocks32.h"
#include "kernels/vec16/encode.h"

GB_INLINE void encode_q8_0(const float *x, gb_block_q8_0 *b, size_t blocks) {
    for (size_t k = 0; k < blocks; k++) b[k].d = gb_f16_from_f32(gb_encode32(x + k * 32, b[k].qs));
}

GB_INLINE gb_bytes2 codes(const char *block, size_t i) {
    (void)i; /* there are no more */
    const gb_block_q8_0 *b = (const gb_block_q8_0 *)block;
    return (gb_bytes2){{gb_v_load(b->qs), gb_v_load(b->qs + 16)}};
}

static const gb_block32 kind = {.codes = codes, .bytes = sizeof(gb_block_q8_0), .range = GB_ANY_BYTE};

/* Nothing is searched: weights and activations are encoded alike. */
#define GB_Q8_0_ENCODERS(isa)                                                                                          \
    void gb_q8_0_quantize_act_##isa(const float *x, void *blocks, size_t n) {                                          \
        encode_q8_0(x, blocks, n / 32);                                                                                \
    }                                                                                                                  \
    void gb_q8_0_quantize_##isa(const float *x, void *blocks, size_t n, const float *importance) {                     \
        (void)importance;                                                                                              \
        encode_q8_0(x, blocks, n / 32);                                                                                \
    }

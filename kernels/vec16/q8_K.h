/* q8_K in vectors of sixteen bytes. */
#include "kernels/q8_K.h"
#include "kernels/vec16/tiles.h"

GB_INLINE float extreme(const float *x) {
    return gb_v_first_extreme(x, BLOCK, gb_v_magnitude(x, BLOCK));
}

GB_INLINE void encode_codes(const float *x, float inverse, gb_block_q8_K *b) {
    for (size_t s = 0; s < BLOCK / 16; s++) {
        gb_ints q[4];
        for (size_t j = 0; j < 4; j++)
            q[j] = gb_v_at_most(gb_v_nearest_int(gb_v_fload(x + 16 * s + 4 * j) * gb_v_fset(inverse)), 127);
        const gb_bytes codes = gb_v_low_bytes(q);
        gb_v_store(b->qs + 16 * s, codes);
        b->bsums[s] = (int16_t)gb_v_byte_sum(codes);
    }
}

GB_INLINE void decode(const gb_block_q8_K *b, float *x, size_t blocks) {
    for (size_t k = 0; k < blocks; k++, b++)
        for (size_t i = 0; i < BLOCK; i += 16, x += 16) gb_v_store_scaled(x, gb_v_load(b->qs + i), b->d);
}

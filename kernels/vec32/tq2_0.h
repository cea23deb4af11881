/* tq2_0 in vectors of 32 bytes. Codes 0..3 times signed bytes by maddubs: a pair is at most 768. The 1 that a code is
 * above its value is taken away through sums of the activation codes. */
#include "kernels/vec32/gemm_super.h"

GB_INLINE void codes(const void *block, size_t half, __m256i code[4]) {
    gb_two_bits(((const gb_block_tq2_0 *)block)->qs + 32 * half, code);
}

static const gb_super format = {.bytes = sizeof(gb_block_tq2_0),
                                .d_at = offsetof(gb_block_tq2_0, d),
                                .sub = 16,
                                .run = 32,
                                .codes = codes,
                                .scales = gb_scales_one};

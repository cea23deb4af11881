/* q4_0 on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/block32.h"
#include "kernels/vec32/q4_0.h"

GB_INLINE __m256i codes(const void *w, size_t i) {
    return gb_nibbles32(((const gb_block_q4_0 *)w)[i].qs);
}

static const gb_byte_format format = {.bytes = sizeof(gb_block_q4_0), GB_SCALE_F16, .offset = 8, .codes = codes};

GB_Q4_0_DOTS(avxvnni)
GB_BYTE_GEMM(q4_0, avxvnni, format)

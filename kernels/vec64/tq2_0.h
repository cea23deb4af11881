/* tq2_0 in vectors of 64 bytes: codes without scales, raised by 1. */
#include "kernels/vec64/gemm_flat.h"

GB_INLINE void codes(const uint8_t *w, __m512i code[4]) {
    gb_two_bits(w + offsetof(gb_block_tq2_0, qs), code);
}

GB_INLINE void natural(const uint8_t *w, __m512i code[4]) {
    gb_two_bits_natural(w + offsetof(gb_block_tq2_0, qs), code);
}

GB_SUPER_FORMAT(tq2_0, .sub = 32, .ones = 1, .order = {0, 4, 1, 5, 2, 6, 3, 7}, .natural = natural,
                .scales = gb_scales_one)

static const gb_flat flat = {.base = 1, .most = 3};

GB_INLINE void unpack(const uint8_t *const rows[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    gb_flat_unpack(&format, rows, at, out, step);
}

GB_FLAT_GEMM(tq2_0, 0)

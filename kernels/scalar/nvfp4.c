/* nvfp4, plain C: a float term for every sixteen elements. */
#include "kernels/scalar/common.h"
#include "reference/e2m1.h"
#include "reference/scale8.h"

enum { TERM = 16, TERMS = 4, HALF = 8 };

/* The bytes of a term, and its scale. */
GB_INLINE const uint8_t *find(const void *row, size_t term, float *d) {
    const gb_block_nvfp4 *b = (const gb_block_nvfp4 *)row + term / TERMS;
    *d = gb_f32_from_ue4m3_half(b->d[term % TERMS]);
    return b->qs + term % TERMS * HALF;
}

static void unpack(const void *row, size_t term, gb_flat_block *out) {
    out->sc[0] = 1;
    gb_unpack_levels(gb_e2m1_doubled, find(row, term, &out->d), HALF, out->code);
}

GB_INLINE int sum(const void *row, size_t term, const int8_t *qs, float *d) {
    return gb_level_sum(gb_e2m1_doubled, find(row, term, d), HALF, qs);
}

static const gb_flat_format format = {.elems = TERM, .subs = 1, .unpack = unpack, .act = gb_act_half_q8_0, .sum = sum};
GB_TERM_KERNELS(nvfp4, format)

/* iq4_xs, plain C. */
#include "kernels/iq4_xs.h"
#include "kernels/scalar/super.h"
#include "reference/iq4.h"

enum { SUB = 32, SUBS = 8, HALF = 16 };

static void unpack(const void *row, size_t block, gb_flat_block *out) {
    const gb_block_iq4_xs *b = (const gb_block_iq4_xs *)row + block;
    int8_t sc[SUBS];
    gb_iq4_xs_store_scales(b, sc);
    out->d = gb_f32_from_f16(b->d);
    for (size_t j = 0; j < SUBS; j++) {
        out->sc[j] = sc[j];
        gb_unpack_levels(gb_iq4_levels, b->qs + HALF * j, HALF, out->code + SUB * j);
    }
}

GB_INLINE void sums(const void *block, const gb_block_q8_K *a, int *isum, int *msum) {
    const gb_block_iq4_xs *b = block;
    int8_t sc[SUBS];
    gb_iq4_xs_store_scales(b, sc);
    *isum = *msum = 0;
    for (size_t j = 0; j < SUBS; j++)
        *isum += sc[j] * gb_level_sum(gb_iq4_levels, b->qs + HALF * j, HALF, a->qs + SUB * j);
}

/* 32 levels of at most 127 times bytes stay below the 2^20 of a packed field. */
static const gb_super format = {.flat = {.elems = GB_BLOCK, .subs = SUBS, .unpack = unpack, .act = gb_act_q8_K},
                                .bytes = sizeof(gb_block_iq4_xs),
                                .sums = sums,
                                .d_at = offsetof(gb_block_iq4_xs, d)};

GB_SUPER_KERNELS(iq4_xs)

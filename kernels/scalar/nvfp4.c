/* nvfp4, plain C: a float term for every sixteen elements. */
#include "kernels/scalar/levels.h"
#include "reference/e2m1.h"
#include "reference/scale8.h"

enum { TERM = 16, TERMS = 4 };

GB_INLINE const uint8_t *find(const void *row, size_t term, float *d) {
    const gb_block_nvfp4 *b = (const gb_block_nvfp4 *)row + term / TERMS;
    *d = gb_f32_from_ue4m3_half(b->d[term % TERMS]);
    return b->qs + term % TERMS * (TERM / 2);
}

GB_LEVEL_KERNELS(nvfp4, gb_e2m1_doubled, TERM, gb_act_half_q8_0)

#include "bench/ceilings/neon.h"

/* Without the dot product instructions, as the tier's kernels: two multiplications to 16 bits, pairs added to 32. */
static inline int8x16_t int8_step(int8x16_t sum, int8x16_t a, int8x16_t b) {
    const int16x8_t low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
    const int16x8_t both = vmlal_s8(low, vget_high_s8(a), vget_high_s8(b));
    return vreinterpretq_s8_s32(vpadalq_s16(vreinterpretq_s32_s8(sum), both));
}

#include "bench/ceilings/vector.h"

const gb_loops gb_loops_neon = GB_VECTOR_LOOPS;

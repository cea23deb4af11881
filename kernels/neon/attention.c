/* Attention on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/attention.h"

GB_ATTENTION_KERNELS(f32, neon, GB_LANES_F32)
GB_ATTENTION_KERNELS(f16, neon, GB_LANES_F16)
GB_Q8_0_SCORE_KERNEL(neon, neon, byte_scores)
GB_Q8_0_ACC_KERNEL(neon, accumulate_block, 1)

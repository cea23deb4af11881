/* Attention on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/attention.h"

GB_ATTENTION_KERNELS(f32, sse41, GB_LANES_F32)
GB_ATTENTION_KERNELS(f16, sse41, GB_LANES_F16)
GB_Q8_0_SCORE_KERNEL(sse41, sse41, byte_scores)
GB_Q8_0_ACC_KERNEL(sse41, accumulate_block, 1)

/* Attention on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/attention.h"

GB_ATTENTION_KERNELS(f32, sse41, GB_LANES_F32)
GB_ATTENTION_KERNELS(f16, sse41, GB_LANES_F16)

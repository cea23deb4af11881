/* bf16 on SSE4.1. Products can underflow, so they are not exact (unlike f16). */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/lanes.h"

GB_HALVES_KERNELS(bf16, sse41, GB_LANES_BF16)
GB_LANES_KERNELS(bf16, sse41, GB_LANES_BF16, 0)

/* q8_0 on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/q8_0.h"

GB_Q8_0_ENCODERS(sse41)
GB_BLOCK32_KERNELS(q8_0, sse41)

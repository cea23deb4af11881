/* q4_0 on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/q4_0.h"

GB_BLOCK32_KERNELS(q4_0, sse41)

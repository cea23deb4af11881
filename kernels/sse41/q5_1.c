/* q5_1 on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/q5_1.h"

GB_BLOCK32_KERNELS(q5_1, sse41)

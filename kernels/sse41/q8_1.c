/* q8_1 on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/q8_1.h"

GB_Q8_1_KERNELS(sse41)

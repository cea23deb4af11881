/* q8_K on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/q8_K.h"

GB_Q8_K_KERNELS(sse41)

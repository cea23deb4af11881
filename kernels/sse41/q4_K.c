/* q4_K on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/q4_K.h"

GB_SUPER_KERNELS(q4_K, sse41)

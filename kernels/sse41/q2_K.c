/* q2_K on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/q2_K.h"

GB_SUPER_KERNELS(q2_K, sse41)

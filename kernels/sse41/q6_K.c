/* q6_K on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/q6_K.h"

GB_SUPER_KERNELS(q6_K, sse41)

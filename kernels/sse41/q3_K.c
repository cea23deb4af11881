/* q3_K on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/q3_K.h"

GB_SUPER_KERNELS(q3_K, sse41)

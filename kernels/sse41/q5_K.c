/* q5_K on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/q5_K.h"

GB_SUPER_KERNELS(q5_K, sse41)

/* tq2_0 on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/tq2_0.h"

GB_SUPER_KERNELS(tq2_0, sse41)

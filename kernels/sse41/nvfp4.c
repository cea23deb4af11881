/* nvfp4 on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/nvfp4.h"

GB_BLOCK32_KERNELS(nvfp4, sse41)

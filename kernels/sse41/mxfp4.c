/* mxfp4 on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/mxfp4.h"

GB_BLOCK32_KERNELS(mxfp4, sse41)

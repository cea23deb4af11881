/* tq1_0 on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/tq1_0.h"

GB_SUPER_KERNELS(tq1_0, sse41)

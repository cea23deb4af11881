/* f32 on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/lanes.h"

GB_LANES_KERNELS(f32, sse41, GB_LANES_F32, 0)

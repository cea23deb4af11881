/* f16 on SSE4.1. Both rows of a dot are f16: a product has at most 22 significant bits and an exponent far inside
 * binary32, so it is exact. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/lanes.h"

GB_HALVES_KERNELS(f16, sse41, GB_LANES_F16)
GB_LANES_KERNELS(f16, sse41, GB_LANES_F16, 1)

/* q1_0 on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/q1_0.h"

GB_BLOCK32_DOTS(q1_0, neon_dotprod)

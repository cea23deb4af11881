/* q4_1 on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/q4_1.h"

GB_BLOCK32_DOTS(q4_1, neon_dotprod)

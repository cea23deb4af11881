/* tq2_0 on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/tq2_0.h"

GB_SUPER_DOTS(tq2_0, neon_dotprod)

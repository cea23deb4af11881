/* nvfp4 on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/nvfp4.h"

GB_BLOCK32_DOTS(nvfp4, neon_dotprod)

/* mxfp4 on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/mxfp4.h"

GB_BLOCK32_DOTS(mxfp4, neon_dotprod)

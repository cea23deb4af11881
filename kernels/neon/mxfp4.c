/* mxfp4 on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/mxfp4.h"

GB_BLOCK32_KERNELS(mxfp4, neon)

/* nvfp4 on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/nvfp4.h"

GB_BLOCK32_KERNELS(nvfp4, neon)

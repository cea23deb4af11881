/* nvfp4 on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/nvfp4.h"

GB_BYTE_KERNELS(nvfp4, avxvnni, format)

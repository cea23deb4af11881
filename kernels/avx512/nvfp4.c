/* nvfp4 on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/nvfp4.h"

GB_BLOCK32_DEQUANTIZE(nvfp4, avx512)
GB_BLOCK32_KERNELS(nvfp4, avx512)

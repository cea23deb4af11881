/* nvfp4 on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/nvfp4.h"

GB_BLOCK32_DEQUANTIZE(nvfp4, avx512vnni)
GB_BLOCK32_KERNELS(nvfp4, avx512vnni)

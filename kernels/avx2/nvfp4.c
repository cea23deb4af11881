/* nvfp4 on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/nvfp4.h"

GB_BYTE_DEQUANTIZE(nvfp4, avx2, format)
GB_BYTE_KERNELS(nvfp4, avx2, format)

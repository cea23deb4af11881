/* mxfp4 on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/mxfp4.h"

GB_BLOCK32_DEQUANTIZE(mxfp4, avx512)
GB_BLOCK32_KERNELS(mxfp4, avx512)

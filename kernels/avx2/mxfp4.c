/* mxfp4 on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/mxfp4.h"

GB_BYTE_DEQUANTIZE(mxfp4, avx2, format)
GB_BYTE_KERNELS(mxfp4, avx2, format)

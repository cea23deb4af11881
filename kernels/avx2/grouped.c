/* gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4 on AVX2. */
#include "kernels/avx2/vec32.h"

#include "kernels/vec32/grouped.h"

GB_ALL_GROUPED(GB_BYTE_DEQUANTIZE, avx2)
GB_ALL_GROUPED(GB_BYTE_KERNELS, avx2)

/* gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4 on AVX-512 without VNNI. */
#include "kernels/avx512/vec64.h"

#include "kernels/vec64/grouped.h"
#include "kernels/vec64/grouped_gemm.h"

GB_ALL_GROUPED(GB_GROUPED_DEQUANTIZE, avx512)
GB_ALL_GROUPED(GB_GROUPED_KERNELS, avx512)
GB_GROUPED_NIBBLES_GEMM(avx512)

/* gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4 on AVX-512 VNNI. */
#include "kernels/avx512vnni/vec64.h"

#include "kernels/vec64/grouped.h"
#include "kernels/vec64/grouped_gemm.h"

GB_ALL_GROUPED(GB_GROUPED_DEQUANTIZE, avx512vnni)
GB_ALL_GROUPED(GB_GROUPED_KERNELS, avx512vnni)
GB_GROUPED_NIBBLES_GEMM(avx512vnni)
GB_GROUPED_GEMM(gptq8, avx512vnni, 4, 255)

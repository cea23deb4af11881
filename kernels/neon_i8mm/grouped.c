/* gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4 on NEON with matrix products. */
#include "kernels/neon_i8mm/blocks32.h"

#include "kernels/vec16/grouped.h"

GB_ALL_GROUPED(GB_BLOCK32_GEMM_OF, neon_i8mm)

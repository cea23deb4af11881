/* gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4 on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/grouped.h"

GB_ALL_GROUPED(GB_BLOCK32_DOTS_OF, neon_dotprod)

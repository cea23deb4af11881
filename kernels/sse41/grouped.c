/* gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4 on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/grouped.h"

GB_ALL_GROUPED(GB_BLOCK32_KERNELS_OF, sse41)

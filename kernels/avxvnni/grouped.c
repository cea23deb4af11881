/* gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4 on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/grouped.h"

GB_ALL_GROUPED(GB_BYTE_KERNELS, avxvnni)

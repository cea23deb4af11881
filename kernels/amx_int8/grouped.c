/* gptq4, gptq8, awq4, mlc_q4f16_1 and onnx_q4 on AMX. */
#include "kernels/amx_int8/gemm_terms.h"

#include "kernels/vec64/grouped_gemm.h"

#define GROUPED(name, terms)                                                                                           \
    GB_AMX_TERMS_OF(name, avx512vnni, terms, 32, GB_TERMS_ZERO, name##_unpack(row, at, panel, 64))

GROUPED(gptq4, 4)
GROUPED(gptq8, 4)
GROUPED(awq4, 4)
GROUPED(mlc_q4f16_1, 1)
GROUPED(onnx_q4, 1)

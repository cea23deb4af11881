/* q4_1 on AMX. */
#include "kernels/amx_int8/gemm_terms.h"

#include "kernels/vec64/q4_1.h"

GB_AMX_TERMS(q4_1, 1, 32, GB_TERMS_MIN)

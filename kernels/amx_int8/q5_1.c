/* q5_1 on AMX. */
#include "kernels/amx_int8/gemm_terms.h"

#include "kernels/vec64/q5_1.h"

GB_AMX_TERMS(q5_1, 1, 32, GB_TERMS_MIN)

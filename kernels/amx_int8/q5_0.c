/* q5_0 on AMX. */
#include "kernels/amx_int8/gemm_terms.h"

#include "kernels/vec64/q5_0.h"

GB_AMX_TERMS(q5_0, 1, 32, 0)

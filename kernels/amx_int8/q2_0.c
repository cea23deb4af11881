/* q2_0 on AMX. */
#include "kernels/amx_int8/gemm_terms.h"

#include "kernels/vec64/q2_0.h"

GB_AMX_TERMS(q2_0, TERMS, 32, 0)

/* q1_0 on AMX. */
#include "kernels/amx_int8/gemm_terms.h"

#include "kernels/vec64/q1_0.h"

GB_AMX_TERMS(q1_0, TERMS, 32, 0)

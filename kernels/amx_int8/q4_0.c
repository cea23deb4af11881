/* q4_0 on AMX. */
#include "kernels/amx_int8/gemm_terms.h"

#include "kernels/vec64/q4_0.h"

GB_AMX_TERMS(q4_0, 1, 32, 0)

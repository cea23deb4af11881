/* nvfp4 on AMX. */
#include "kernels/amx_int8/gemm_terms.h"

#include "kernels/vec64/nvfp4.h"

GB_AMX_TERMS(nvfp4, TERMS, 16, 0)

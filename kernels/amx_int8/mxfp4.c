/* mxfp4 on AMX. */
#include "kernels/amx_int8/gemm_terms.h"

#include "kernels/vec64/mxfp4.h"

GB_AMX_TERMS(mxfp4, 1, 32, 0)

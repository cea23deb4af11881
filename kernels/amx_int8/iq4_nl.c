/* iq4_nl on AMX. */
#include "kernels/amx_int8/gemm_terms.h"

#include "kernels/vec64/iq4_nl.h"

GB_AMX_TERMS(iq4_nl, 1, 32, 0)

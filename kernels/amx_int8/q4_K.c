/* q4_K on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/q4_K.h"

GB_AMX_SCALED(q4_K, 4)

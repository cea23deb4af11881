/* q6_K on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/q6_K.h"

GB_AMX_SCALED(q6_K, 0)

/* q2_K on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/q2_K.h"

GB_AMX_FLAT(q2_K, 8, 0)

/* q3_K on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/q3_K.h"

GB_AMX_FLAT(q3_K, 0, BASE)

/* q5_K on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/q5_K.h"

GB_AMX_SCALED(q5_K, 4)

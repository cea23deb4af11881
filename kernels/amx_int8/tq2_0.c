/* tq2_0 on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/tq2_0.h"

GB_AMX_FLAT(tq2_0, 0, 1)

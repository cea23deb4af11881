/* tq1_0 on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/tq1_0.h"

GB_AMX_FLAT(tq1_0, 0, 1)

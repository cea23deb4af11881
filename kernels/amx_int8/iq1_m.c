/* iq1_m on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/iq1_m.h"

GB_AMX_LEVELS(iq1_m, GB_UNIT_iq1_m)

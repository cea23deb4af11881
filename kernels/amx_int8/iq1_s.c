/* iq1_s on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/iq1_s.h"

GB_AMX_LEVELS(iq1_s, GB_UNIT_iq1_s)

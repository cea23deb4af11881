/* iq3_s on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/iq3_s.h"

GB_AMX_LEVELS(iq3_s, GB_UNIT_iq3_s)

/* iq2_s on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/iq2_s.h"

GB_AMX_LEVELS(iq2_s, GB_UNIT_iq2_s)

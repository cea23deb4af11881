/* iq2_xxs on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/iq2_xxs.h"

GB_AMX_LEVELS(iq2_xxs, GB_UNIT_iq2_xxs)

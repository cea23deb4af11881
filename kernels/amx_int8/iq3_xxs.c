/* iq3_xxs on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/iq3_xxs.h"

GB_AMX_LEVELS(iq3_xxs, GB_UNIT_iq3_xxs)

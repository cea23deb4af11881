/* iq2_xs on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/iq2_xs.h"

GB_AMX_LEVELS(iq2_xs, GB_UNIT_iq2_xs)

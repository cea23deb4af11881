/* iq4_xs on AMX. */
#include "kernels/amx_int8/gemm_planes.h"

#include "kernels/vec64/iq4_xs.h"

GB_AMX_LEVELS(iq4_xs, 0.0F)

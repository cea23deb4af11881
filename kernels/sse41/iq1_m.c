/* iq1_m on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/lattice.h"

GB_LATTICE_FORMAT(iq1_m, 1);
GB_SUPER_KERNELS(iq1_m, sse41)

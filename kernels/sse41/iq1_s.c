/* iq1_s on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/lattice.h"

GB_LATTICE_FORMAT(iq1_s, 1);
GB_SUPER_KERNELS(iq1_s, sse41)

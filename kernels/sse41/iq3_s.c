/* iq3_s on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/lattice.h"

GB_LATTICE_FORMAT(iq3_s, 0);
GB_SUPER_KERNELS(iq3_s, sse41)

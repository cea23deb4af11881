/* iq2_xxs on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/lattice.h"

GB_LATTICE_FORMAT(iq2_xxs, 0);
GB_SUPER_KERNELS(iq2_xxs, sse41)

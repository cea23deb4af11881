/* iq2_xs on SSE4.1. */
#include "kernels/sse41/vec16.h"

#include "kernels/vec16/lattice.h"

GB_LATTICE_FORMAT(iq2_xs, 0);
GB_SUPER_KERNELS(iq2_xs, sse41)

/* iq2_xs on NEON. */
#include "kernels/neon/lattice.h"

GB_LATTICE_KERNELS(iq2_xs, 0)

/* iq2_s on NEON. */
#include "kernels/neon/lattice.h"

GB_LATTICE_KERNELS(iq2_s, 0)

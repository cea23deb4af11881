/* iq2_xxs on NEON. */
#include "kernels/neon/lattice.h"

GB_LATTICE_KERNELS(iq2_xxs, 0)

/* iq3_xxs on NEON. */
#include "kernels/neon/lattice.h"

GB_LATTICE_KERNELS(iq3_xxs, 0)

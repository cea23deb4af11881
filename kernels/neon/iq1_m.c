/* iq1_m on NEON. */
#include "kernels/neon/lattice.h"

GB_LATTICE_KERNELS(iq1_m, 1)

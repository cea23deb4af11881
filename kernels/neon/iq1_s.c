/* iq1_s on NEON. */
#include "kernels/neon/lattice.h"

GB_LATTICE_KERNELS(iq1_s, 1)

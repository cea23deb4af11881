/* iq3_s on NEON. */
#include "kernels/neon/lattice.h"

GB_LATTICE_KERNELS(iq3_s, 0)

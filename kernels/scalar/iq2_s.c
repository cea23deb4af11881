/* iq2_s, plain C. */
#include "kernels/scalar/lattice.h"

GB_LATTICE_KERNELS(iq2_s, 0)

/* iq2_xs, plain C. */
#include "kernels/scalar/lattice.h"

GB_LATTICE_KERNELS(iq2_xs, 0)

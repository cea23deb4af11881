/* iq2_xxs, plain C. */
#include "kernels/scalar/lattice.h"

GB_LATTICE_KERNELS(iq2_xxs, 0)

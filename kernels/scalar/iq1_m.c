/* iq1_m, plain C. */
#include "kernels/scalar/lattice.h"

GB_LATTICE_KERNELS(iq1_m, 1)

/* iq1_s, plain C. */
#include "kernels/scalar/lattice.h"

GB_LATTICE_KERNELS(iq1_s, 1)

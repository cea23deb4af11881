/* iq3_s, plain C. */
#include "kernels/scalar/lattice.h"

GB_LATTICE_KERNELS(iq3_s, 0)

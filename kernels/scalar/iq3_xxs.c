/* iq3_xxs, plain C. */
#include "kernels/scalar/lattice.h"

GB_LATTICE_KERNELS(iq3_xxs, 0)

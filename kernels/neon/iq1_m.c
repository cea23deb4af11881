/* iq1_m on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/lattice.h"

GB_LATTICE_FORMAT(iq1_m, 1);
GB_SUPER_KERNELS(iq1_m, neon)

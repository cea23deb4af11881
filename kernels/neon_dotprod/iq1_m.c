/* iq1_m on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/lattice.h"

GB_LATTICE_FORMAT(iq1_m, 1);
GB_SUPER_DOTS(iq1_m, neon_dotprod)

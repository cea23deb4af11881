/* iq3_s on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/lattice.h"

GB_LATTICE_FORMAT(iq3_s, 0);
GB_SUPER_DOTS(iq3_s, neon_dotprod)

/* iq2_xxs on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/lattice.h"

GB_LATTICE_FORMAT(iq2_xxs, 0);
GB_SUPER_DOTS(iq2_xxs, neon_dotprod)

/* iq3_xxs on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/lattice.h"

GB_LATTICE_FORMAT(iq3_xxs, 0);
GB_SUPER_DOTS(iq3_xxs, neon_dotprod)

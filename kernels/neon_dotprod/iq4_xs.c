/* iq4_xs on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/iq4_xs.h"

GB_SUPER_DOTS(iq4_xs, neon_dotprod)

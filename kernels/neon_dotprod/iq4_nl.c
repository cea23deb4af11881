/* iq4_nl on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/iq4_nl.h"

GB_BLOCK32_DOTS(iq4_nl, neon_dotprod)

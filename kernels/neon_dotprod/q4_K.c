/* q4_K on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/q4_K.h"

GB_SUPER_DOTS(q4_K, neon_dotprod)

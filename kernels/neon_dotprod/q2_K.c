/* q2_K on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/q2_K.h"

GB_SUPER_DOTS(q2_K, neon_dotprod)

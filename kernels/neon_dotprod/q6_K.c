/* q6_K on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/q6_K.h"

GB_SUPER_DOTS(q6_K, neon_dotprod)

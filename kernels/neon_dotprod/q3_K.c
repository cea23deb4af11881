/* q3_K on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/q3_K.h"

GB_SUPER_DOTS(q3_K, neon_dotprod)

/* q5_K on NEON with dot products. */
#include "kernels/neon_dotprod/vec16.h"

#include "kernels/vec16/q5_K.h"

GB_SUPER_DOTS(q5_K, neon_dotprod)

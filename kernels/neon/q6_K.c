/* q6_K on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/q6_K.h"

GB_SUPER_KERNELS(q6_K, neon)

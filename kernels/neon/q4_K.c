/* q4_K on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/q4_K.h"

GB_SUPER_KERNELS(q4_K, neon)

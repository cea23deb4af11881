/* q3_K on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/q3_K.h"

GB_SUPER_KERNELS(q3_K, neon)

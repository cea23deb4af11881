/* q2_K on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/q2_K.h"

GB_SUPER_KERNELS(q2_K, neon)

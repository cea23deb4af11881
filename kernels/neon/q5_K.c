/* q5_K on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/q5_K.h"

GB_SUPER_KERNELS(q5_K, neon)

/* q5_1 on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/q5_1.h"

GB_BLOCK32_KERNELS(q5_1, neon)

/* q8_1 on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/q8_1.h"

GB_Q8_1_KERNELS(neon)

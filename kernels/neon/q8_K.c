/* q8_K on NEON. */
#include "kernels/neon/vec16.h"

#include "kernels/vec16/q8_K.h"

GB_Q8_K_KERNELS(neon)

/* mxfp4 on AVX-VNNI. */
#include "kernels/avxvnni/vec32.h"

#include "kernels/vec32/mxfp4.h"

GB_BYTE_KERNELS(mxfp4, avxvnni, format)

/* f32, AVX2. Conversions are copies and stay with the reference. */
#include "kernels/avx2/rows.h"

GB_ROW_KERNELS(f32, GB_ROW_F32, 0)

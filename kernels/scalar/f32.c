/* f32, plain C. Conversions are copies and stay with the reference. */
#include "kernels/scalar/rows.h"

GB_ROW_KERNELS(f32, gb_load_f32)

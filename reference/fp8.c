/* fp8_e4m3 and fp8_e5m2: bytes of OCP FP8 and one f32 scale for the whole row. */
#include "reference/foreign.h"
#include "reference/minifloat.h"
#include "reference/reference.h"

enum { BLOCK = 32 };

static void quantize(const gb_minifloat *f, const float *x, uint8_t *row, size_t n) {
    const float d = gb_largest(x, n) / gb_f32_from_minifloat(f, f->largest);
    memcpy(row, &d, sizeof d);
    uint8_t *q = row + sizeof d;
    for (size_t i = 0; i < n; i++)
        q[i] = (uint8_t)(gb_is_usable(d) ? gb_minifloat_from_f32(f, gb_number(x[i]) / d) : 0);
}

static void decode(const gb_minifloat *f, const uint8_t *row, size_t k, float *x) {
    const float d = gb_load_f32(row, 0);
    const uint8_t *q = row + sizeof d + k * BLOCK;
    for (size_t i = 0; i < BLOCK; i++) x[i] = gb_f32_from_minifloat(f, q[i]) * d;
}

GB_FLOAT_WEIGHTS(fp8_e4m3, BLOCK, quantize(&gb_e4m3, x, blocks, n), decode(&gb_e4m3, row, k, x))
GB_FLOAT_WEIGHTS(fp8_e5m2, BLOCK, quantize(&gb_e5m2, x, blocks, n), decode(&gb_e5m2, row, k, x))

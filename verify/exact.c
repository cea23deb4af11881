/* How far the reference's float accumulation is from exact arithmetic: information for people, never a criterion. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "harness/rng.h"
#include "reference/number.h"
#include "verify/fill.h"
#include "verify/verify.h"

enum { MAX_N = 4096 };

/* The value of each element in double. One product of a scale and a code is exact in the float that dequantize returns;
 * where it is not, the rounded product is the weight by definition. scratch: n floats. */
static void decode_exact(gb_format format, const uint8_t *blocks, double *x, size_t n, float *scratch) {
    gb_reference(format, GB_OP_dequantize).dequantize(blocks, scratch, n);
    for (size_t i = 0; i < n; i++) x[i] = (double)scratch[i];
    if (format == GB_FORMAT_int8_row) /* 24 + 7 bits: too long for a float */
        for (size_t i = 0; i < n; i++)
            x[i] = (double)gb_load_f32(blocks, 0) * (double)(int8_t)blocks[gb_head_bytes(format, n) + i];
    if (format != GB_FORMAT_q8_K) return;
    const gb_block_q8_K *b = (const gb_block_q8_K *)blocks; /* likewise */
    for (size_t i = 0; i < n; i++) x[i] = (double)b[i / 256].d * (double)b[i / 256].qs[i % 256];
}

/* The same for weights, and the offsets of formats that have them: each part is exact in a float, their sum is not. */
static void decode_parts(gb_format format, const uint8_t *blocks, double *x, double *offset, size_t n, float *scratch) {
    const gb_format_info *info = &gb_formats[format];
    uint8_t scaled[GB_MAX_BLOCK_BYTES];
    uint8_t minimum[GB_MAX_BLOCK_BYTES];
    memset(offset, 0, n * sizeof *offset);
    if (!gb_split_offset(format, blocks, scaled, minimum)) {
        decode_exact(format, blocks, x, n, scratch);
        return;
    }
    for (size_t k = 0; k < n; k += info->block_elems, blocks += info->block_bytes) {
        (void)gb_split_offset(format, blocks, scaled, minimum);
        decode_exact(format, scaled, x + k, info->block_elems, scratch);
        decode_exact(format, minimum, offset + k, info->block_elems, scratch);
    }
}

/* What an offset of the weights is multiplied with, spread over the elements: of q8_1 the sum that the block holds,
 * which is rounded to f16, so that the elements do not add up to it. */
static void decode_sums(gb_format format, const uint8_t *blocks, double *x, size_t n, float *scratch) {
    decode_exact(format, blocks, x, n, scratch);
    const gb_block_q8_1 *b = (const gb_block_q8_1 *)blocks;
    for (size_t i = 0; format == GB_FORMAT_q8_1 && i < n; i++) x[i] = (double)gb_f32_from_f16(b[i / 32].s) / 32.0;
}

typedef struct rows {
    float x[MAX_N];
    double w_value[MAX_N], w_offset[MAX_N], a_value[MAX_N], a_sum[MAX_N];
    uint8_t w[MAX_N * 4], a[MAX_N * 4]; /* no format is wider than f32, headers included */
} rows;

static double one_row(rows *r, gb_format format, gb_rng *rng, size_t n) {
    const gb_format partner = gb_formats[format].partner;
    gb_fill_floats(rng, GB_PATTERN_NORMAL, r->x, n);
    gb_reference(format, GB_OP_quantize).quantize(r->x, r->w, n, NULL);
    gb_fill_floats(rng, GB_PATTERN_NORMAL, r->x, n);
    gb_reference(partner, GB_OP_quantize_act).quantize_act(r->x, r->a, n);
    decode_parts(format, r->w, r->w_value, r->w_offset, n, r->x);
    decode_exact(partner, r->a, r->a_value, n, r->x);
    decode_sums(partner, r->a, r->a_sum, n, r->x);
    double sum = 0.0;
    double magnitude = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double term = r->w_value[i] * r->a_value[i] + r->w_offset[i] * r->a_sum[i];
        sum += term;
        magnitude += term < 0.0 ? -term : term;
    }
    const double error = (double)gb_reference(format, GB_OP_dot).dot(r->w, r->a, n) - sum;
    return magnitude > 0.0 ? (error < 0.0 ? -error : error) / magnitude : 0.0;
}

double gb_verify_dot_error(gb_format format, uint64_t seed) {
    if (!gb_reference(format, GB_OP_dot).any) return -1.0;
    rows *r = gb_new(1, sizeof *r, "verify: rows", NULL);
    if (!r) return -1.0;
    gb_rng rng;
    gb_rng_seed(&rng, seed, "dot error");
    double worst = 0.0;
    for (size_t n = 256; n <= MAX_N; n *= 2) {
        for (int draw = 0; draw < 8; draw++) {
            const double e = one_row(r, format, &rng, n);
            if (e > worst) worst = e;
        }
    }
    free(r);
    return worst;
}

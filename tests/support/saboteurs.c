#include "tests/support/saboteurs.h"

#include <fenv.h>
#include <math.h>
#include <signal.h>

#include "reference/number.h"
#include "reference/reference.h"

/* --- tails and ends --------------------------------------------------------------------------------------------- */

static void skips_last_block(const void *blocks, float *x, size_t n) {
    gb_ref_q8_0_dequantize(blocks, x, n - 32);
}

static void skips_tail(const void *blocks, float *x, size_t n) {
    gb_ref_f16_dequantize(blocks, x, n / 8 * 8);
}

static void overruns_output(const float *x, float *y, size_t n) {
    gb_ref_f32_add(x, y, n);
    y[n] = 0.0F;
}

static void underruns_output(const void *blocks, float *x, size_t n) {
    gb_ref_q4_0_dequantize(blocks, x, n);
    volatile float *before = x - 1;
    *before = 0.0F;
}

static float reads_past_weights(const void *w, const void *a, size_t n) {
    const volatile uint8_t *p = w;
    (void)p[gb_row_bytes(GB_FORMAT_q8_0, n)];
    return gb_ref_q8_0_dot(w, a, n);
}

static float reads_past_activations(const void *w, const void *a, size_t n) {
    const volatile uint8_t *p = a;
    (void)p[gb_row_bytes(GB_FORMAT_q8_K, n) + 3];
    return gb_ref_q6_K_dot(w, a, n);
}

static float reads_before_weights(const void *w, const void *a, size_t n) {
    const volatile uint8_t *p = w;
    (void)p[-1];
    return gb_ref_q4_0_dot(w, a, n);
}

/* --- single values ------------------------------------------------------------------------------------------------ */

static void one_ulp_at_one_length(const void *blocks, float *x, size_t n) {
    gb_ref_q4_0_dequantize(blocks, x, n);
    const size_t last = n - 1;
    if (n == 13 * 32 && x[last] != 0.0F) x[last] = gb_f32_from_bits(gb_f32_bits(x[last]) + 1);
}

static float wrong_for_minus_128(const void *w, const void *a, size_t n) {
    gb_block_q8_0 copy[128];
    if (n > 128 * 32) return gb_ref_q8_0_dot(w, a, n);
    memcpy(copy, w, gb_row_bytes(GB_FORMAT_q8_0, n));
    for (size_t i = 0; i < n; i++)
        if (copy[i / 32].qs[i % 32] == -128) copy[i / 32].qs[i % 32] = -127; /* as a sign trick without the edge does */
    return gb_ref_q8_0_dot(copy, a, n);
}

static void nan_scale_is_zero(const void *blocks, float *x, size_t n) {
    gb_ref_q6_K_dequantize(blocks, x, n);
    for (size_t i = 0; i < n; i++)
        if (x[i] != x[i]) x[i] = 0.0F;
}

static void loses_negative_zero(const float *x, float *y, size_t n) {
    for (size_t i = 0; i < n; i++) y[i] = (x[i] + y[i]) + 0.0F;
}

/* --- arithmetic --------------------------------------------------------------------------------------------------- */

static float two_accumulators(const void *w, const void *a, size_t n) {
    const size_t block = 32;
    const gb_block_q8_0 *bw = w;
    const gb_block_q8_0 *ba = a;
    float acc[2] = {0.0F, 0.0F};
    for (size_t i = 0; i < n / block; i++) acc[i % 2] += gb_ref_q8_0_dot(&bw[i], &ba[i], block);
    return acc[0] + acc[1];
}

static float fused(const void *w, const void *a, size_t n) {
    const gb_block_q4_0 *bw = w;
    const gb_block_q8_0 *ba = a;
    float acc = 0.0F;
    for (size_t i = 0; i < n / 32; i++) {
        int isum = 0;
        for (size_t j = 0; j < 16; j++)
            isum += ((bw[i].qs[j] & 15) - 8) * ba[i].qs[j] + ((bw[i].qs[j] >> 4) - 8) * ba[i].qs[j + 16];
        acc = fmaf(gb_f32_from_f16(bw[i].d) * gb_f32_from_f16(ba[i].d), (float)isum, acc);
    }
    return acc;
}

/* Ties to even where the format says away from zero: only exact ties show it. */
static void ties_to_even(const float *x, void *blocks, size_t n) {
    gb_block_q8_0 *b = blocks;
    gb_ref_q8_0_quantize_act(x, blocks, n);
    for (size_t i = 0; i < n; i++) {
        float largest = 0.0F;
        for (size_t j = i / 32 * 32; j < (i / 32 + 1) * 32; j++) largest = fmaxf(largest, fabsf(x[j]));
        const float v = x[i] * (1.0F / (largest / 127.0F));
        if (fabsf(v - truncf(v)) == 0.5F) b[i / 32].qs[i % 32] = (int8_t)gb_nearest_int(v);
    }
}

/* Takes the last of equal largest magnitudes; the format says the first. */
static void last_of_equals(const float *x, void *blocks, size_t n) {
    float copy[256];
    gb_block_q8_K *b = blocks;
    for (size_t k = 0; k < n / 256; k++) {
        float sign = 0.0F;
        float magnitude = 0.0F;
        for (size_t i = 0; i < 256; i++) {
            if (fabsf(x[256 * k + i]) < magnitude || x[256 * k + i] != x[256 * k + i]) continue;
            magnitude = fabsf(x[256 * k + i]);
            sign = x[256 * k + i] < 0.0F ? -1.0F : 1.0F;
        }
        gb_ref_q8_K_quantize_act(x + 256 * k, &b[k], 256);
        if ((b[k].d < 0.0F) == (sign > 0.0F)) continue; /* d has the sign opposite to the element of choice */
        for (size_t i = 0; i < 256; i++) copy[i] = -x[256 * k + i];
        gb_ref_q8_K_quantize_act(copy, &b[k], 256);
        b[k].d = -b[k].d;
    }
}

static void flushes_small_exp(const float *gate, const float *up, float *y, size_t n) {
    gb_ref_f32_silu_mul(gate, up, y, n);
    for (size_t i = 0; i < n; i++)
        if (fabsf(y[i]) < 0x1p-126F) y[i] = 0.0F;
}

static void masked_row_is_zero(float *x, size_t n) {
    gb_ref_f32_softmax(x, n);
    for (size_t i = 0; i < n; i++)
        if (x[i] != x[i]) x[i] = 0.0F;
}

/* --- crashes ------------------------------------------------------------------------------------------------------ */

static float illegal_instruction(const void *w, const void *a, size_t n) {
#if defined(__x86_64__)
    __asm__ volatile("ud2");
#elif defined(__aarch64__)
    __asm__ volatile(".inst 0");
#else
    (void)raise(SIGILL);
#endif
    return gb_ref_f32_dot(w, a, n);
}

static float divides_by_zero(const void *w, const void *a, size_t n) {
    if (n == 37) (void)raise(SIGFPE); /* an integer division by zero traps on some architectures only */
    return gb_ref_f16_dot(w, a, n);
}

/* --- memory that is not its own -------------------------------------------------------------------------------------
 */

static void ignores_y_stride(const gb_gemm_args *g) {
    gb_gemm_args packed = *g;
    packed.y_stride = g->rows;
    gb_ref_q8_0_gemm(&packed);
}

static void pads_columns(const gb_gemm_args *g) {
    gb_ref_q4_K_gemm(g);
    for (size_t c = 0; c + 1 < g->cols; c++)
        for (size_t r = g->rows; r < g->y_stride; r++) g->y[c * g->y_stride + r] = 0.0F;
}

static void trusts_scratch(const gb_gemm_args *g) {
    gb_ref_q6_K_gemm(g);
    const uint8_t *scratch = g->scratch;
    if (scratch[128] == 0xff) g->y[0] += g->y[0];
}

static void overruns_scratch(const gb_gemm_args *g) {
    gb_ref_f16_gemm(g);
    volatile uint8_t *scratch = g->scratch;
    scratch[gb_gemm_scratch(g->n, g->cols)] = 0;
}

static void wraps_at_32_bits(const gb_gemm_args *g) {
    for (size_t c = 0; c < g->cols; c++) {
        for (size_t r = 0; r < g->rows; r++) {
            const int8_t *w = (const int8_t *)g->w + r * g->w_stride;
            const int8_t *a = (const int8_t *)g->a + c * g->a_stride;
            uint32_t sum = 0;
            for (size_t i = 0; i < g->n; i++) sum += (uint32_t)(w[4 + i] * a[4 + i]);
            g->y[c * g->y_stride + r] = (gb_load_f32(w, 0) * gb_load_f32(a, 0)) * (float)(int32_t)sum;
        }
    }
}

static void adds_to_output(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    for (size_t r = 0; r < rows; r++) y[r] += gb_ref_q8_0_dot((const char *)w + r * w_stride, a, n);
}

static void ignores_w_stride(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    (void)w_stride;
    gb_ref_q4_0_gemv(w, gb_row_bytes(GB_FORMAT_q4_0, n), rows, a, n, y);
}

static void wrong_for_17_rows(const void *w, size_t w_stride, size_t rows, const void *a, size_t n, float *y) {
    gb_ref_bf16_gemv(w, w_stride, rows, a, n, y);
    if (rows == 17) y[16] = y[15];
}

static float needs_alignment(const void *w, const void *a, size_t n) {
    const size_t wrong = (uintptr_t)w % 4 != 0 && n > 256 ? 256 : 0;
    return gb_ref_q4_K_dot(w, a, n - wrong);
}

static void writes_its_input(const float *x, void *blocks, size_t n) {
    gb_ref_bf16_quantize_act(x, blocks, n);
    ((float *)(uintptr_t)x)[n - 1] = 1.0F;
}

static void breaks_in_place(const float *x, const float *w, float *y, size_t n, float eps) {
    for (size_t i = 0; i < n; i++) y[i] = 0.0F;
    gb_ref_f32_rmsnorm(x, w, y, n, eps);
}

static void rotates_too_much(float *x, size_t heads, size_t head_dim, size_t n_rot, const float *cs) {
    gb_ref_f32_rope(x, heads, head_dim, n_rot, cs);
    if (n_rot < head_dim) x[n_rot] = -x[n_rot];
}

static void ignores_gap(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim, float *out) {
    (void)v_stride;
    gb_ref_f16_attn_acc(p, v, 2 * head_dim, count, head_dim, out);
}

static void changes_rounding(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim, float scale,
                             float *scores) {
    gb_ref_f32_attn_score(q, k, k_stride, count, head_dim, scale, scores);
    if (count == 3) (void)fesetround(FE_DOWNWARD);
}

static size_t last_of_greatest(const float *x, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] >= x[best] || x[best] != x[best]) best = i;
    return best;
}

/* Misses what follows a NaN in front: every comparison with it is false. */
static size_t first_is_nan(const float *x, size_t n) {
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (x[i] > x[best]) best = i;
    return best;
}

/* Scores with the query as it is: more exact, and another result. */
static void query_of_floats(const float *q, const void *k, size_t k_stride, size_t count, size_t head_dim, float scale,
                            float *scores) {
    float key[GB_Q8_0_HEAD];
    for (size_t t = 0; t < count; t++) {
        gb_ref_q8_0_dequantize((const char *)k + t * k_stride, key, head_dim);
        gb_ref_f32_attn_score(q, key, 0, 1, head_dim, scale, scores + t);
    }
}

/* p * (d * code), not (p * d) * code. */
static void scales_values_first(const float *p, const void *v, size_t v_stride, size_t count, size_t head_dim,
                                float *out) {
    float value[GB_Q8_0_HEAD];
    for (size_t i = 0; i < head_dim; i++) out[i] = 0.0F;
    for (size_t t = 0; t < count; t++) {
        gb_ref_q8_0_dequantize((const char *)v + t * v_stride, value, head_dim);
        for (size_t i = 0; i < head_dim; i++) out[i] = out[i] + p[t] * value[i];
    }
}

/* expect: what names the fault in the report, or "expected" where it is a wrong value. */
#define SABOTEUR(function, f, o, words)                                                                                \
    { {"sabotage_" #function, GB_FORMAT_##f, GB_OP_##o, GB_ISA_scalar, {.o = function}}, words }
const gb_saboteur gb_saboteurs[] = {
    SABOTEUR(skips_last_block, q8_0, dequantize, "not written"),
    SABOTEUR(skips_tail, f16, dequantize, "not written"),
    SABOTEUR(overruns_output, f32, add, "SIGSEGV in"),
    SABOTEUR(underruns_output, q4_0, dequantize, "writes outside x: byte -"),
    SABOTEUR(reads_past_weights, q8_0, dot, "touches byte 34 of w, which has 34"),
    SABOTEUR(reads_past_activations, q6_K, dot, "touches byte 295 of a, which has 292"),
    SABOTEUR(reads_before_weights, q4_0, dot, "touches byte -1 of w"),
    SABOTEUR(one_ulp_at_one_length, q4_0, dequantize, "x[415 of 416] got"),
    SABOTEUR(wrong_for_minus_128, q8_0, dot, "expected"),
    SABOTEUR(nan_scale_is_zero, q6_K, dequantize, "expected"),
    SABOTEUR(loses_negative_zero, f32, add, "got 00000000 (0), expected 80000000 (-0)"),
    SABOTEUR(two_accumulators, q8_0, dot, "expected"),
    SABOTEUR(fused, q4_0, dot, "expected"),
    SABOTEUR(ties_to_even, q8_0, quantize_act, "x=ties"),
    SABOTEUR(last_of_equals, q8_K, quantize_act, "expected"),
    SABOTEUR(flushes_small_exp, f32, silu_mul, "expected"),
    SABOTEUR(masked_row_is_zero, f32, softmax, "expected"),
    SABOTEUR(illegal_instruction, f32, dot, "SIGILL in sabotage_illegal_instruction, case "),
    SABOTEUR(divides_by_zero, f16, dot, "SIGFPE in sabotage_divides_by_zero, case n=37"),
    SABOTEUR(ignores_y_stride, q8_0, gemm, "writes between the rows of y"),
    SABOTEUR(pads_columns, q4_K, gemm, "writes between the rows of y"),
    SABOTEUR(trusts_scratch, q6_K, gemm, "expected"),
    SABOTEUR(overruns_scratch, f16, gemm, "of scratch"),
    SABOTEUR(wraps_at_32_bits, int8_row, gemm, "n=131168,lowest: y"),
    SABOTEUR(adds_to_output, q8_0, gemv, "expected"),
    SABOTEUR(ignores_w_stride, q4_0, gemv, "gap="),
    SABOTEUR(wrong_for_17_rows, bf16, gemv, "rows=17"),
    SABOTEUR(needs_alignment, q4_K, dot, "w+1"),
    SABOTEUR(writes_its_input, bf16, quantize_act, "of 4 was changed"),
    SABOTEUR(breaks_in_place, f32, rmsnorm, "inplace"),
    SABOTEUR(rotates_too_much, f32, rope, "expected"),
    SABOTEUR(ignores_gap, f16, attn_acc, "gap=10"),
    SABOTEUR(changes_rounding, f32, attn_score, "rounding mode"),
    SABOTEUR(last_of_greatest, f32, argmax, "expected"),
    SABOTEUR(first_is_nan, f32, argmax, "expected"),
    SABOTEUR(query_of_floats, q8_0, attn_score, "expected"),
    SABOTEUR(scales_values_first, q8_0, attn_acc, "expected"),
};
const size_t gb_saboteur_count = sizeof gb_saboteurs / sizeof gb_saboteurs[0];

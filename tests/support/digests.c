#include "tests/support/digests.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "harness/rng.h"
#include "reference/number.h"

enum { N = 2048, ROWS = 4, SEED = 1, MAX_BYTES = ROWS * N * 4 };

/* --- inputs: changing one changes the digests -----------------------------------------------------------------------
 */

static const char *const cases[] = {"normal", "small", "mixed", "ties", "edges", "bits"};
enum { CASES = sizeof cases / sizeof cases[0] };

static float draw(gb_rng *rng, int which, size_t i) {
    static const float powers[] = {1e-6F, 1e-3F, 1.0F, 1e3F};
    static const float edges[] = {0.0F, -0.0F, 1e-40F, 1e30F, 65520.0F, -65504.0F, 0x1p-25F, -3.4e38F};
    const float normal = (float)gb_rng_normal(rng);
    switch (which) {
    case 0:
        return normal;
    case 1:
        return 0.02F * normal;
    case 2:
        return normal * powers[i / 16 % 4];
    case 3:
        return i % 32 == 9 ? 127.0F : 0.5F * (float)(int)(gb_rng_below(rng, 507) - 253U);
    case 4:
        return i / 64 % 2 ? edges[gb_rng_below(rng, 8)] : normal;
    default:
        return gb_f32_from_bits((uint32_t)gb_rng_u64(rng));
    }
}

static void inputs(const char *role, int which, float *x, size_t n) {
    char name[64];
    gb_rng rng;
    (void)snprintf(name, sizeof name, "golden %s %s", role, cases[which]);
    gb_rng_seed(&rng, SEED, name);
    for (size_t i = 0; i < n; i++) x[i] = draw(&rng, which, i);
}

/* --- digests -------------------------------------------------------------------------------------------------------
 */

static void digest(gb_digests *d, gb_format f, const char *what, int which, const void *data, size_t size) {
    const XXH128_hash_t h = XXH3_128bits(data, size);
    assert(d->count < GB_DIGESTS_MAX);
    (void)snprintf(d->line[d->count], sizeof d->line[0], "%s %s %s %016llx%016llx", gb_formats[f].name, what,
                   cases[which], (unsigned long long)h.high64, (unsigned long long)h.low64);
    d->count++;
}

/* All NaNs are one NaN (the contract leaves their bits open). */
static void digest_floats(gb_digests *d, gb_format f, const char *what, int which, float *x, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (x[i] != x[i]) x[i] = gb_f32_from_bits(0x7fc00000U);
    digest(d, f, what, which, x, n * sizeof *x);
}

static float x[ROWS * N], importance[N], decoded[ROWS * N], y[ROWS];
static uint8_t blocks[MAX_BYTES], act[MAX_BYTES];

static void encode_rows(gb_format f, const gb_cap *cap, const float *weights) {
    const gb_fn fn = gb_resolve(f, GB_OP_quantize, cap);
    for (size_t r = 0; r < ROWS; r++) fn.quantize(x + r * N, blocks + r * gb_row_bytes(f, N), N, weights);
}

static void weight_digests(gb_digests *d, gb_format f, const gb_cap *cap, int which) {
    const gb_format partner = gb_formats[f].partner;
    const size_t row = gb_row_bytes(f, N);
    inputs("importance", 0, importance, N);
    for (size_t i = 0; i < N; i++) importance[i] = importance[i] * importance[i];
    inputs("weights", which, x, (size_t)ROWS * N);
    encode_rows(f, cap, importance);
    digest(d, f, "quantize+importance", which, blocks, ROWS * row);
    encode_rows(f, cap, NULL);
    digest(d, f, "quantize", which, blocks, ROWS * row);
    for (size_t r = 0; r < ROWS; r++)
        gb_resolve(f, GB_OP_dequantize, cap).dequantize(blocks + r * row, decoded + r * N, N);
    digest_floats(d, f, "dequantize", which, decoded, (size_t)ROWS * N);
    inputs("activations", which, x, N);
    gb_resolve(partner, GB_OP_quantize_act, cap).quantize_act(x, act, N);
    gb_resolve(f, GB_OP_gemv, cap).gemv(blocks, row, ROWS, act, N, y);
    digest_floats(d, f, "dot", which, y, ROWS);
}

static void activation_digests(gb_digests *d, gb_format f, const gb_cap *cap, int which) {
    inputs("activations", which, x, N);
    gb_resolve(f, GB_OP_quantize_act, cap).quantize_act(x, act, N);
    digest(d, f, "quantize_act", which, act, gb_row_bytes(f, N));
    gb_resolve(f, GB_OP_dequantize, cap).dequantize(act, decoded, N);
    digest_floats(d, f, "dequantize_act", which, decoded, N);
}

/* The engine's float operations, on rows that leave a tail. */
static void engine_digests(gb_digests *d, const gb_cap *cap, int which) {
    const size_t n = N - 5;
    const gb_format f32 = GB_FORMAT_f32;
    float out[N];
    inputs("weights", which, x, N);
    inputs("activations", which, decoded, N);
    gb_resolve(f32, GB_OP_rmsnorm, cap).rmsnorm(x, decoded, out, n, 1e-5F);
    digest_floats(d, f32, "rmsnorm", which, out, n);
    gb_resolve(f32, GB_OP_silu_mul, cap).silu_mul(x, decoded, out, n);
    digest_floats(d, f32, "silu_mul", which, out, n);
    memcpy(out, x, sizeof out);
    gb_resolve(f32, GB_OP_softmax, cap).softmax(out, n);
    digest_floats(d, f32, "softmax", which, out, n);
    memcpy(out, x, sizeof out);
    gb_resolve(f32, GB_OP_rope, cap).rope(out, 16, 66, 62, decoded);
    digest_floats(d, f32, "rope", which, out, (size_t)16 * 66);
    memcpy(out, x, sizeof out);
    gb_resolve(f32, GB_OP_add, cap).add(decoded, out, n);
    digest_floats(d, f32, "add", which, out, n);
    const uint32_t chosen = (uint32_t)gb_resolve(f32, GB_OP_argmax, cap).argmax(x, n);
    digest(d, f32, "argmax", which, &chosen, sizeof chosen);
    for (int f = 0; f < GB_FORMAT_COUNT; f++) {
        const gb_fn score = gb_resolve((gb_format)f, GB_OP_attn_score, cap);
        const gb_fn acc = gb_resolve((gb_format)f, GB_OP_attn_acc, cap);
        if (!score.any) continue;
        const bool single = gb_formats[f].block_elems == 1;
        const size_t row = gb_row_bytes((gb_format)f, single ? 80 : 64);
        const size_t dim = single ? 77 : 64;
        gb_resolve((gb_format)f, GB_OP_quantize_act, cap).quantize_act(x, act, N);
        score.attn_score(decoded, act, row, 25, dim, 0.125F, out);
        digest_floats(d, (gb_format)f, "attn_score", which, out, 25);
        acc.attn_acc(decoded, act, row, 25, dim, out);
        digest_floats(d, (gb_format)f, "attn_acc", which, out, dim);
    }
}

void gb_digests_compute(gb_digests *d, const gb_cap *cap) {
    d->count = 0;
    for (int which = 0; which < CASES; which++) {
        for (int f = 0; f < GB_FORMAT_COUNT; f++) {
            if (gb_formats[f].is_weight) weight_digests(d, (gb_format)f, cap, which);
            if (gb_formats[f].is_activation) activation_digests(d, (gb_format)f, cap, which);
        }
        engine_digests(d, cap, which);
    }
}

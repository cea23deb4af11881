/* bf16: a kernel may fuse multiply and add where all products of its rows are exact. Where they begin not to be, fused
 * results differ: products below 2^-126 with bits under 2^-149, and products above the largest float. */
#include <check.h>
#include <string.h>

#include "harness/rng.h"
#include "reference/number.h"
#include "tests/support/caps.h"
#include "tests/support/suite.h"

enum { ROWS = 5, COLS = 6, N = 96, LANES = 16 };

/* Magnitudes from 2^exponent to below twice that. */
static uint16_t number(gb_rng *rng, int exponent, int negative) {
    return (uint16_t)((negative ? 0x8000U : 0U) | (uint32_t)(127 + exponent) << 7 | gb_rng_below(rng, 128));
}

/* The first element of a lane is of 2^first, the sums in which the others, of 2^rest, make a difference; zeros too. Of
 * large ones there are only two, of different sign: more would overflow in any case. */
static void fill(gb_rng *rng, uint16_t *row, int first, int rest, int negative) {
    const int large = first > 0;
    for (size_t i = 0; i < N; i++) {
        const int zero = large ? i % LANES != 0 || i > LANES : i >= LANES && gb_rng_below(rng, 16) == 0;
        row[i] = i < LANES ? number(rng, first, negative) : number(rng, rest, 0);
        if (zero) row[i] = (uint16_t)(gb_rng_below(rng, 2) << 15);
    }
}

static void compare(const gb_cap *cap, const char *isa, gb_rng *rng, int first, int rest) {
    static uint16_t w[ROWS][N], a[COLS][N];
    static float y[COLS][ROWS];
    static _Alignas(64) char scratch[1 << 20];
    ck_assert_uint_le(gb_gemm_scratch(N, COLS), sizeof scratch);
    for (size_t r = 0; r < ROWS; r++) fill(rng, w[r], first, rest, first > 0);
    for (size_t c = 0; c < COLS; c++) fill(rng, a[c], first, rest, 0);
    const gb_gemm_args g = {.w = w,
                            .w_stride = sizeof w[0],
                            .rows = ROWS,
                            .a = a,
                            .a_stride = sizeof a[0],
                            .cols = COLS,
                            .n = N,
                            .y = y[0],
                            .y_stride = ROWS,
                            .scratch = scratch};
    gb_resolve(GB_FORMAT_bf16, GB_OP_gemm, cap).gemm(&g);
    for (size_t c = 0; c < COLS; c++) {
        for (size_t r = 0; r < ROWS; r++) {
            const float want = gb_reference(GB_FORMAT_bf16, GB_OP_dot).dot(w[r], a[c], N);
            const int same = gb_f32_bits(want) == gb_f32_bits(y[c][r]) || (want != want && y[c][r] != y[c][r]);
            ck_assert_msg(same, "%s, elements of 2^%d: %a, expected %a", isa, rest, (double)y[c][r], (double)want);
        }
    }
}

/* Catches a bound that is too wide, on either side, from the first power of two on that is wrong. */
START_TEST(bounds_of_exact_products) {
    gb_cap cap;
    const char *isa;
    if (!gb_test_cap(_i, &cap, &isa)) return;
    gb_rng rng;
    gb_rng_seed(&rng, 1, "exact products");
    for (int round = 0; round < 20; round++) {
        for (int exponent = -84; exponent <= -52; exponent++) compare(&cap, isa, &rng, -62, exponent);
        for (int exponent = 56; exponent <= 66; exponent++) compare(&cap, isa, &rng, 63, exponent);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("exact_products");
    TCase *c = tcase_create("exact_products");
    tcase_set_timeout(c, 60);
    tcase_add_loop_test(c, bounds_of_exact_products, 0, GB_TEST_CAPS);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}

/* The encoders of the i-quants where golden bytes cannot say what is right. */
#include <check.h>
#include <string.h>

#include "harness/rng.h"
#include "kernels/registry.h"
#include "reference/reference.h"
#include "tests/support/suite.h"

static double squared_error(gb_format f, const void *blocks, const float *x, size_t n) {
    float y[1024];
    double sum = 0.0;
    ck_assert_uint_le(n, 1024);
    gb_reference(f, GB_OP_dequantize).dequantize(blocks, y, n);
    for (size_t i = 0; i < n; i++) sum += ((double)y[i] - (double)x[i]) * ((double)y[i] - (double)x[i]);
    return sum;
}

static double squares(const float *x, size_t n) {
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

static void normal(gb_rng *rng, float *x, size_t n) {
    for (size_t i = 0; i < n; i++) x[i] = (float)gb_rng_normal(rng);
}

/* Catches: a --compat ggml that changes more than ggml's defect (the same bytes wherever no 32 elements are zero), or a
 * default that has it: with a zero sub-block ggml's decodes to garbage, ours as well as without. */
START_TEST(iq3_s_mends_zero_sub_blocks) {
    gb_rng rng;
    float x[256];
    gb_block_iq3_s ours;
    gb_block_iq3_s theirs;
    gb_quantize_fn *compat = gb_compat_quantize(GB_FORMAT_iq3_s);
    gb_rng_seed(&rng, 1, "iq3_s");
    for (size_t zero = 0; zero <= 8; zero++) { /* 8: none */
        normal(&rng, x, 256);
        if (zero < 8) memset(x + 32 * zero, 0, 32 * sizeof *x);
        gb_ref_iq3_s_quantize(x, &ours, 256, NULL);
        compat(x, &theirs, 256, NULL);
        const double energy = squares(x, 256);
        const double error = squared_error(GB_FORMAT_iq3_s, &ours, x, 256);
        ck_assert_msg(error < 0.04 * energy, "zero sub-block %zu: %g of %g", zero, error, energy);
        if (zero >= 7) { /* nothing after it to damage */
            ck_assert_mem_eq(&ours, &theirs, sizeof ours);
            continue;
        }
        const double damaged = squared_error(GB_FORMAT_iq3_s, &theirs, x, 256);
        ck_assert_msg(damaged > 10.0 * error, "zero sub-block %zu: %g, mended %g", zero, damaged, error);
    }
    memset(x, 0, sizeof x);
    compat(x, &theirs, 256, NULL);
    memset(&ours, 0, sizeof ours);
    ck_assert_mem_eq(&ours, &theirs, sizeof ours);
}
END_TEST

/* Catches: a format said to need ggml's own encoder without a difference, or the other way round. */
START_TEST(compat_is_for_iq3_s_only) {
    for (int f = 0; f < GB_FORMAT_COUNT; f++)
        ck_assert_int_eq(gb_compat_quantize((gb_format)f) != NULL, f == GB_FORMAT_iq3_s);
}
END_TEST

/* Catches: an encoding without importance that is not the one stated (ggml has none: its bytes for ones). */
START_TEST(no_importance_means_ones_where_it_is_needed) {
    gb_rng rng;
    float x[512];
    float importance[512];
    uint8_t plain[2 * GB_MAX_BLOCK_BYTES];
    uint8_t ones[2 * GB_MAX_BLOCK_BYTES];
    gb_rng_seed(&rng, 1, "ones");
    for (size_t i = 0; i < 512; i++) importance[i] = 1.0F;
    size_t needing = 0;
    for (int f = 0; f < GB_FORMAT_COUNT; f++) {
        if (!gb_format_needs_importance((gb_format)f)) continue;
        normal(&rng, x, 512);
        gb_reference((gb_format)f, GB_OP_quantize).quantize(x, plain, 512, NULL);
        gb_reference((gb_format)f, GB_OP_quantize).quantize(x, ones, 512, importance);
        ck_assert_mem_eq(plain, ones, gb_row_bytes((gb_format)f, 512));
        needing++;
    }
    ck_assert_uint_eq(needing, 3);
    ck_assert(!gb_format_needs_importance(GB_FORMAT_iq2_s));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("iquants");
    TCase *c = tcase_create("iquants");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, iq3_s_mends_zero_sub_blocks);
    tcase_add_test(c, compat_is_for_iq3_s_only);
    tcase_add_test(c, no_importance_means_ones_where_it_is_needed);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}

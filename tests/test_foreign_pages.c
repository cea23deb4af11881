/* The blocks that docs/formats/ works by hand for the formats of other projects: see test_format_pages.c. The numbers
 * were computed apart from this code. */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "reference/number.h"
#include "reference/reference.h"
#include "tests/support/suite.h"

/* Encodes n floats, of which the first `count` are given and the others 0; compares the first bytes, and every byte
 * after them with `rest`. */
static uint8_t row[300];

static void expect_row(gb_quantize_fn *quantize, gb_format f, const float *x, size_t count, size_t n,
                       const uint8_t *bytes, size_t size, uint8_t rest) {
    float padded[128] = {0};
    memcpy(padded, x, count * sizeof *x);
    memset(row, 0xa5, sizeof row);
    quantize(padded, row, n, NULL);
    for (size_t i = 0; i < gb_row_bytes(f, n); i++) {
        const uint8_t want = i < size ? bytes[i] : rest;
        ck_assert_msg(row[i] == want, "%s: byte %zu is %02x, expected %02x", gb_formats[f].name, i, row[i], want);
    }
}

static const float *ones(size_t n) {
    static float x[128];
    for (size_t i = 0; i < n; i++) x[i] = 1.0F;
    return x;
}

static float dot_with_ones(gb_dot_fn *dot, size_t n) {
    return dot(row, ones(n), n);
}

static float dot_with_q8_ones(gb_dot_fn *dot, size_t n) {
    gb_block_q8_0 a[4];
    gb_ref_q8_0_quantize_act(ones(n), a, n);
    return dot(row, a, n);
}

static void expect_decoded(gb_dequantize_fn *dequantize, size_t n, const float *want, size_t count) {
    float x[128];
    dequantize(row, x, n);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(gb_f32_bits(x[i]) == gb_f32_bits(want[i]), "element %zu is %.9g, expected %.9g", i, (double)x[i],
                      (double)want[i]);
}

START_TEST(page_nf4) {
    const float tie = 0.07958029955625534F;
    const float x[6] = {2.0F, -2.0F, 0.5F, -0.3F, tie, nextafterf(tie, 1.0F)};
    static const uint8_t bytes[] = {0x00, 0x00, 0x00, 0x40, 0xf0, 0xa5, 0x78};
    expect_row(gb_ref_nf4_quantize, GB_FORMAT_nf4, x, 6, 64, bytes, sizeof bytes, 0x77);
    static const float decoded[] = {2.0F, -2.0F, 0.492224604F, -0.36954686F, 0.0F, 0.159160599F};
    expect_decoded(gb_ref_nf4_dequantize, 64, decoded, 6);
    ck_assert_float_eq(dot_with_ones(gb_ref_nf4_dot, 64), 0.281838417F);

    float two[128] = {3.0F};
    two[64] = -1.0F;
    two[65] = 0.5F;
    gb_ref_nf4_dq_quantize(two, row, 128, NULL);
    static const uint8_t header[] = {0x00, 0x00, 0x80, 0x3f, 0x00, 0x00, 0x00, 0x40, 0xff, 0xf7};
    ck_assert_mem_eq(row, header, sizeof header);
    ck_assert_uint_eq(row[8 + 33], 0);
    ck_assert_uint_eq(row[8 + 34], 0x0c);
    float y[128];
    gb_ref_nf4_dq_dequantize(row, y, 128);
    ck_assert_float_eq(y[0], 3.0F);
    ck_assert_float_eq(y[64], -1.0070312F);
    ck_assert_float_eq(y[65], 0.443808556F);
}
END_TEST

START_TEST(page_fp4) {
    static const float x[9] = {12.0F, 8.0F, 6.0F, 4.0F, 3.0F, 2.0F, -0.0625F, -0.02F, 5.0F};
    static const uint8_t bytes[] = {0x00, 0x00, 0x40, 0x41, 0x32, 0x54, 0x76, 0x98, 0x40};
    expect_row(gb_ref_fp4_quantize, GB_FORMAT_fp4, x, 9, 64, bytes, sizeof bytes, 0x00);
    static const float decoded[] = {12.0F, 8.0F, 6.0F, 4.0F, 3.0F, 2.0F, -0.0625F, -0.0F, 4.0F};
    expect_decoded(gb_ref_fp4_dequantize, 64, decoded, 9);
    ck_assert_float_eq(dot_with_ones(gb_ref_fp4_dot, 64), 38.9375F);
}
END_TEST

START_TEST(page_int8_row) {
    static const float x[6] = {2.0F, -2.0F, 1.0F, -1.0F, 0.5F, 0.1F};
    static const uint8_t bytes[] = {0x04, 0x02, 0x81, 0x3c, 0x7f, 0x81, 0x40, 0xc0, 0x20, 0x06};
    expect_row(gb_ref_int8_row_quantize, GB_FORMAT_int8_row, x, 6, 32, bytes, sizeof bytes, 0x00);
    static const float decoded[] = {2.0F, -2.0F, 1.00787401F, -1.00787401F, 0.503937006F, 0.0944881886F};
    expect_decoded(gb_ref_int8_row_dequantize, 32, decoded, 6);
    ck_assert_float_eq(gb_ref_int8_row_dot(row, row, 32), 10.2945004F);
}
END_TEST

START_TEST(page_gptq) {
    static const float four[4] = {-1.0F, 2.75F, 0.125F, 0.375F};
    static const uint8_t bytes4[] = {0x00, 0x34, 0x04, 0xf0, 0x64};
    expect_row(gb_ref_gptq4_quantize, GB_FORMAT_gptq4, four, 4, 128, bytes4, sizeof bytes4, 0x44);
    static const float decoded[] = {-1.0F, 2.75F, 0.0F, 0.5F, 0.0F};
    expect_decoded(gb_ref_gptq4_dequantize, 128, decoded, 5);
    ck_assert_float_eq(dot_with_q8_ones(gb_ref_gptq4_dot, 128), 2.24986267F);

    static const float eight[5] = {-1.0F, 2.984375F, 0.0078125F, 0.0234375F, 1.0F};
    static const uint8_t bytes8[] = {0x00, 0x24, 64, 0, 255, 64, 66, 128};
    expect_row(gb_ref_gptq8_quantize, GB_FORMAT_gptq8, eight, 5, 128, bytes8, sizeof bytes8, 64);
    ck_assert_float_eq(dot_with_q8_ones(gb_ref_gptq8_dot, 128), 3.01544094F);

    static const float zeros[1] = {0.0F};
    static const uint8_t none[] = {0x44, 0x30, 0x07}; /* 2/15 */
    expect_row(gb_ref_gptq4_quantize, GB_FORMAT_gptq4, zeros, 1, 128, none, sizeof none, 0x77);
}
END_TEST

START_TEST(page_awq4) {
    static const float x[10] = {0.0F, 0.25F, 0.5F, 0.75F, 1.0F, 1.25F, 1.5F, 1.75F, -1.0F, 2.75F};
    static const uint8_t bytes[] = {0x00, 0x34, 0x04, 0x64, 0xa8, 0x75, 0xb9, 0x40, 0x44, 0x4f, 0x44};
    expect_row(gb_ref_awq4_quantize, GB_FORMAT_awq4, x, 10, 128, bytes, sizeof bytes, 0x44);
    expect_decoded(gb_ref_awq4_dequantize, 128, x, 10);
    ck_assert_float_eq(dot_with_q8_ones(gb_ref_awq4_dot, 128), 8.74946594F);
}
END_TEST

START_TEST(page_mlc_q4f16_1) {
    static const float x[6] = {3.5F, -3.5F, 0.25F, 0.75F, 1.0F, -0.25F};
    static const uint8_t bytes[] = {0x00, 0x38, 0x0e, 0x97, 0x79};
    expect_row(gb_ref_mlc_q4f16_1_quantize, GB_FORMAT_mlc_q4f16_1, x, 6, 32, bytes, sizeof bytes, 0x77);
    static const float decoded[] = {3.5F, -3.5F, 0.0F, 1.0F, 1.0F, 0.0F};
    expect_decoded(gb_ref_mlc_q4f16_1_dequantize, 32, decoded, 6);
    ck_assert_float_eq(dot_with_q8_ones(gb_ref_mlc_q4f16_1_dot, 32), 1.99987793F);
}
END_TEST

START_TEST(page_onnx_q4) {
    static const float x[5] = {-1.0F, 2.75F, 0.125F, -0.125F, 0.375F};
    static const uint8_t bytes[] = {0x00, 0x00, 0x80, 0x3e, 0x04, 0xf0, 0x45, 0x46};
    expect_row(gb_ref_onnx_q4_quantize, GB_FORMAT_onnx_q4, x, 5, 32, bytes, sizeof bytes, 0x44);
    static const float decoded[] = {-1.0F, 2.75F, 0.25F, 0.0F, 0.5F};
    expect_decoded(gb_ref_onnx_q4_dequantize, 32, decoded, 5);
    ck_assert_float_eq(dot_with_q8_ones(gb_ref_onnx_q4_dot, 32), 2.49984741F);
}
END_TEST

START_TEST(page_mxfp6) {
    static const float x[4] = {3.9F, 1.0F, 0.1F, -0.5F};
    static const uint8_t e2m3[] = {0x7e, 0x1f, 0x24, 0xa0};
    static const uint8_t e3m2[] = {0x7c, 0x1f, 0xa6, 0xd0};
    expect_row(gb_ref_mxfp6_e2m3_quantize, GB_FORMAT_mxfp6_e2m3, x, 4, 32, e2m3, sizeof e2m3, 0x00);
    static const float decoded2[] = {3.75F, 1.0F, 0.125F, -0.5F};
    expect_decoded(gb_ref_mxfp6_e2m3_dequantize, 32, decoded2, 4);
    ck_assert_float_eq(dot_with_ones(gb_ref_mxfp6_e2m3_dot, 32), 4.375F);
    expect_row(gb_ref_mxfp6_e3m2_quantize, GB_FORMAT_mxfp6_e3m2, x, 4, 32, e3m2, sizeof e3m2, 0x00);
    static const float decoded3[] = {3.5F, 1.0F, 0.09375F, -0.5F};
    expect_decoded(gb_ref_mxfp6_e3m2_dequantize, 32, decoded3, 4);
    ck_assert_float_eq(dot_with_ones(gb_ref_mxfp6_e3m2_dot, 32), 4.09375F);
}
END_TEST

START_TEST(page_mxfp8) {
    static const float x[4] = {3.9F, 1.0F, 0.1F, -0.0001F};
    static const uint8_t e4m3[] = {0x78, 0x7e, 0x70, 0x55, 0x87};
    static const uint8_t e5m2[] = {0x71, 0x7b, 0x74, 0x66, 0xbf};
    expect_row(gb_ref_mxfp8_e4m3_quantize, GB_FORMAT_mxfp8_e4m3, x, 4, 32, e4m3, sizeof e4m3, 0x00);
    static const float decoded4[] = {3.5F, 1.0F, 0.1015625F, -0.000106811523F};
    expect_decoded(gb_ref_mxfp8_e4m3_dequantize, 32, decoded4, 4);
    ck_assert_float_eq(dot_with_ones(gb_ref_mxfp8_e4m3_dot, 32), 4.60145569F);
    expect_row(gb_ref_mxfp8_e5m2_quantize, GB_FORMAT_mxfp8_e5m2, x, 4, 32, e5m2, sizeof e5m2, 0x00);
    static const float decoded5[] = {3.5F, 1.0F, 0.09375F, -0.000106811523F};
    expect_decoded(gb_ref_mxfp8_e5m2_dequantize, 32, decoded5, 4);
}
END_TEST

START_TEST(page_fp8) {
    static const float x[3] = {3.5F, 1.0F, 0.1F};
    static const uint8_t e4m3[] = {0x00, 0x00, 0x00, 0x3c, 0x7e, 0x70, 0x55};
    static const uint8_t e5m2[] = {0x00, 0x00, 0x80, 0x38, 0x7b, 0x74, 0x66};
    expect_row(gb_ref_fp8_e4m3_quantize, GB_FORMAT_fp8_e4m3, x, 3, 32, e4m3, sizeof e4m3, 0x00);
    ck_assert_float_eq(dot_with_ones(gb_ref_fp8_e4m3_dot, 32), 4.6015625F);
    expect_row(gb_ref_fp8_e5m2_quantize, GB_FORMAT_fp8_e5m2, x, 3, 32, e5m2, sizeof e5m2, 0x00);
    ck_assert_float_eq(dot_with_ones(gb_ref_fp8_e5m2_dot, 32), 4.59375F);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("foreign_pages");
    TCase *c = tcase_create("foreign_pages");
    tcase_add_test(c, page_nf4);
    tcase_add_test(c, page_fp4);
    tcase_add_test(c, page_int8_row);
    tcase_add_test(c, page_gptq);
    tcase_add_test(c, page_awq4);
    tcase_add_test(c, page_mlc_q4f16_1);
    tcase_add_test(c, page_onnx_q4);
    tcase_add_test(c, page_mxfp6);
    tcase_add_test(c, page_mxfp8);
    tcase_add_test(c, page_fp8);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}

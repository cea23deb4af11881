/* The blocks that docs/formats/ works by hand, against the reference: a page that disagrees with the code is wrong, or
 * the code is. Each test would catch a change of the layout, of the encoder's rounding or of the dot of its format. */
#include <check.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "reference/iq4.h"
#include "reference/number.h"
#include "reference/reference.h"
#include "tests/support/suite.h"

static void ones(gb_block_q8_K *a) {
    float x[256];
    for (size_t i = 0; i < 256; i++) x[i] = 1.0F;
    gb_ref_q8_K_quantize_act(x, a, 256);
}

/* importance of the pages: the same for every column */
static const float equal[32] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};

static void expect_bytes(const void *block, const uint8_t *wanted, size_t size) {
    ck_assert_mem_eq(block, wanted, size);
}

START_TEST(page_q8_0) {
    float x[32] = {1.984375F, -1.0F, 0.5F, 0.0078125F, -0.0078125F, 0.0234375F, 0.1F, -1.984375F};
    static const uint8_t bytes[34] = {0x00, 0x24, 0x7f, 0xc0, 0x20, 0x01, 0xff, 0x02, 0x06, 0x81};
    gb_block_q8_0 b;
    gb_ref_q8_0_quantize(x, &b, 32, NULL);
    expect_bytes(&b, bytes, sizeof bytes);
    ck_assert_float_eq(gb_ref_q8_0_dot(&b, &b, 32), 9.1357421875F);
    float y[32] = {1.0F, 0.5F, -0.25F};
    gb_block_q8_0 a;
    gb_ref_q8_0_quantize_act(y, &a, 32);
    ck_assert_uint_eq(a.d, 0x2008);
    ck_assert_int_eq(a.qs[0], 127);
    ck_assert_int_eq(a.qs[1], 64);
    ck_assert_int_eq(a.qs[2], -32);
    gb_ref_q8_0_dequantize(&a, y, 32);
    ck_assert_float_eq(y[0], 0.999938965F);
    ck_assert_float_eq(gb_ref_q8_0_dot(&b, &a, 32), 1.35437107F);
}
END_TEST

START_TEST(page_q4_0) {
    float x[32] = {-4.0F, 3.9F, 0.2F, 0.25F, -0.25F, 1.0F, -1.0F, 3.0F};
    x[16] = 2.0F;
    x[17] = -3.6F;
    static const uint8_t bytes[18] = {0x00, 0x38, 0xc0, 0x1f, 0x88, 0x89, 0x88, 0x8a, 0x86,
                                      0x8e, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88};
    gb_block_q4_0 b;
    gb_ref_q4_0_quantize(x, &b, 32, NULL);
    expect_bytes(&b, bytes, sizeof bytes);
    float y[32] = {1.984375F, 1.0F};
    y[17] = -0.5F;
    gb_block_q8_0 a;
    gb_ref_q8_0_quantize_act(y, &a, 32);
    ck_assert_float_eq(gb_ref_q4_0_dot(&b, &a, 32), -2.6875F);
    gb_ref_q4_0_quantize(x, &b, 32, equal);
    static const uint8_t searched[10] = {0x23, 0x38, 0xc0, 0x1f, 0x88, 0x88, 0x88, 0x8a, 0x86, 0x8e};
    expect_bytes(&b, searched, sizeof searched);
    static const float zeros[32] = {0};
    gb_ref_q4_0_quantize(zeros, &b, 32, NULL);
    ck_assert_uint_eq(b.d, 0x8000);
    ck_assert_uint_eq(b.qs[0], 0x88);
    gb_ref_q4_0_quantize(zeros, &b, 32, equal);
    static const uint8_t nothing[18] = {0};
    expect_bytes(&b, nothing, sizeof nothing);
}
END_TEST

/* The activation of the pages of the formats of 32: 1.984375, 1 and, at 17, -0.5. */
static const float few[32] = {1.984375F, 1.0F, [17] = -0.5F};

static void expect_q4_1(const float *x, const float *importance, const uint8_t wanted[20], float dot) {
    gb_block_q4_1 b;
    gb_block_q8_1 a;
    gb_ref_q4_1_quantize(x, &b, 32, importance);
    expect_bytes(&b, wanted, sizeof b);
    gb_ref_q8_1_quantize_act(few, &a, 32);
    ck_assert_float_eq(gb_ref_q4_1_dot(&b, &a, 32), dot);
}

START_TEST(page_q4_1) {
    float x[32] = {-1.0F, 2.75F, 0.1F, 0.125F, -0.9F, [16] = 2.0F, 1.0F};
    static const uint8_t bytes[20] = {0x00, 0x34, 0x00, 0xbc, 0xc0, 0x8f, 0x44, 0x45, 0x40, 0x44,
                                      0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44};
    static const uint8_t searched[20] = {0xf0, 0x33, 0xd6, 0xbb, 0xc0, 0x8f, 0x44, 0x44, 0x40, 0x44,
                                         0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44, 0x44};
    expect_q4_1(x, NULL, bytes, 0.265625F);
    expect_q4_1(x, equal, searched, 0.29508972F);
    gb_block_q4_1 b;
    gb_ref_q4_1_quantize(x, &b, 32, NULL);
    gb_ref_q4_1_dequantize(&b, x, 32);
    ck_assert_float_eq(x[3], 0.25F);
    ck_assert_float_eq(x[17], 1.0F);
    static const float zeros[32] = {0};
    static const uint8_t nothing[20] = {0};
    expect_q4_1(zeros, NULL, nothing, 0.0F);
    expect_q4_1(zeros, equal, nothing, 0.0F);
    for (size_t i = 0; i < 32; i++) x[i] = gb_f32_from_bits(0x7fc00000U);
    gb_ref_q4_1_quantize(x, &b, 32, NULL);
    ck_assert_uint_eq(b.d, 0xfc00);
    ck_assert_uint_eq(b.m, 0x7c00);
}
END_TEST

START_TEST(page_q5_0) {
    float x[32] = {4.0F, 3.9F, -3.9F, 0.125F, -0.125F, 1.0F, -1.0F, [16] = 2.0F, -0.5F};
    static const uint8_t bytes[22] = {0x00, 0xb4, 0xdc, 0xff, 0xfe, 0xff, 0x80, 0x20, 0x0f, 0x00, 0x01, 0x0c, 0x04};
    static const uint8_t searched[22] = {0x2f, 0xb4, 0xdc, 0xff, 0xfe, 0xff, 0x81, 0x21, 0x0f, 0x00, 0x00, 0x0c, 0x04};
    gb_block_q5_0 b;
    gb_block_q8_0 a;
    gb_ref_q5_0_quantize(x, &b, 32, NULL);
    expect_bytes(&b, bytes, sizeof bytes);
    gb_ref_q8_0_quantize_act(few, &a, 32);
    ck_assert_float_eq(gb_ref_q5_0_dot(&b, &a, 32), 12.1875F);
    gb_ref_q5_0_quantize(x, &b, 32, equal);
    expect_bytes(&b, searched, sizeof searched);
    static const uint8_t nothing[22] = {0};
    static const uint8_t negative[6] = {0x00, 0x80, 0xff, 0xff, 0xff, 0xff};
    static const float zeros[32] = {0};
    gb_ref_q5_0_quantize(zeros, &b, 32, NULL);
    expect_bytes(&b, negative, sizeof negative);
    gb_ref_q5_0_quantize(zeros, &b, 32, equal);
    expect_bytes(&b, nothing, sizeof nothing);
    x[0] = gb_f32_from_bits(0x7fc00000U); /* a lost element is code 0 */
    gb_ref_q5_0_quantize(x, &b, 32, NULL);
    ck_assert_uint_eq(b.qs[0] & 15, 0);
    ck_assert_uint_eq(b.qh[0] & 1, 0);
}
END_TEST

START_TEST(page_q5_1) {
    static const float x[32] = {-1.0F, 2.875F, 0.1F, 0.0625F, -0.96F, [16] = 2.0F, 1.0F};
    static const uint8_t bytes[24] = {0x00, 0x30, 0x00, 0xbc, 0x02, 0x00, 0x03, 0x00, 0x80, 0x0f, 0x89, 0x89,
                                      0x80, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88};
    static const uint8_t searched[24] = {0xfb, 0x2f, 0xf3, 0xbb, 0x02, 0x00, 0x03, 0x00, 0x80, 0x0f, 0x89, 0x88,
                                         0x80, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88, 0x88};
    gb_block_q5_1 b;
    gb_block_q8_1 a;
    float y[32];
    gb_ref_q5_1_quantize(x, &b, 32, NULL);
    expect_bytes(&b, bytes, sizeof bytes);
    gb_ref_q5_1_dequantize(&b, y, 32);
    ck_assert_float_eq(y[1], 2.875F);
    ck_assert_float_eq(y[4], -1.0F);
    gb_ref_q8_1_quantize_act(few, &a, 32);
    ck_assert_float_eq(gb_ref_q5_1_dot(&b, &a, 32), 0.390625F);
    gb_ref_q5_1_quantize(x, &b, 32, equal);
    expect_bytes(&b, searched, sizeof searched);
}
END_TEST

START_TEST(page_q8_1) {
    float x[32] = {1.984375F, -1.0F, 0.5F, 0.0078125F, -0.0078125F, 0.0234375F, 0.1F, -1.984375F};
    static const uint8_t bytes[36] = {0x00, 0x24, 0x00, 0xb6, 0x7f, 0xc0, 0x20, 0x01, 0xff, 0x02, 0x06, 0x81};
    gb_block_q8_1 b;
    gb_ref_q8_1_quantize_act(x, &b, 32);
    expect_bytes(&b, bytes, sizeof bytes);
    b.s = 0x7c00;
    gb_ref_q8_1_dequantize(&b, x, 32);
    ck_assert_float_eq(x[7], -1.984375F); /* s is ignored */
    for (size_t i = 0; i < 32; i++) x[i] = 0.3F;
    gb_ref_q8_1_quantize_act(x, &b, 32);
    ck_assert_uint_eq(b.d, 0x18d6);
    ck_assert_uint_eq(b.s, 0x48cd);
    x[3] = -INFINITY;
    gb_ref_q8_1_quantize_act(x, &b, 32);
    ck_assert_uint_eq(b.d, 0x7c00);
    ck_assert_uint_eq(b.s, 0xfe00);
}
END_TEST

START_TEST(page_q2_K) {
    float x[256];
    for (int j = 0; j < 16; j++)
        for (int i = 0; i < 16; i++) x[16 * j + i] = 0.25F * (float)((j + 1) * (i % 4)) - 0.125F * (float)j;
    gb_block_q2_K b;
    gb_ref_q2_K_quantize(x, &b, 256, NULL);
    static const uint8_t scales[16] = {0x01, 0x12, 0x23, 0x34, 0x45, 0x56, 0x67, 0x78,
                                       0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
    ck_assert_uint_eq(b.d, 0x3444);
    ck_assert_uint_eq(b.dmin, 0x3000);
    expect_bytes(b.scales, scales, sizeof scales);
    for (unsigned i = 0; i < 64; i++) ck_assert_uint_eq(b.qs[i], 0x55 * (i % 4));
    gb_ref_q2_K_dequantize(&b, x, 256);
    ck_assert_float_eq(x[53], 0.69140625F);
    gb_block_q8_K a;
    ones(&a);
    ck_assert_float_eq(gb_ref_q2_K_dot(&b, &a, 256), 579.0F);
}
END_TEST

START_TEST(page_q3_K) {
    float x[256];
    float y[256];
    for (int i = 0; i < 256; i++) x[i] = (float)((i % 8 - 4) * (i / 16 + 1)) / 16.0F;
    gb_block_q3_K b;
    gb_ref_q3_K_quantize(x, &b, 256, NULL);
    static const uint8_t scales[12] = {0xee, 0xcc, 0xaa, 0x88, 0x66, 0x44, 0x22, 0x00, 0x05, 0x05, 0x05, 0x05};
    ck_assert_uint_eq(b.d, 0xa800);
    expect_bytes(b.scales, scales, sizeof scales);
    for (unsigned i = 0; i < 64; i++) ck_assert_uint_eq(b.qs[i], 0x55 * (i % 4));
    for (unsigned i = 0; i < 32; i++) ck_assert_uint_eq(b.hmask[i], i % 8 < 4 ? 0x00 : 0xff);
    gb_ref_q3_K_dequantize(&b, y, 256);
    ck_assert_mem_eq(x, y, sizeof x);
    ck_assert_float_eq(y[101], 0.4375F);
    gb_block_q8_K a;
    ones(&a);
    ck_assert_float_eq(gb_ref_q3_K_dot(&b, &a, 256), -68.0F);
    static const float zeros[256] = {0};
    static const uint8_t nothing[sizeof b] = {0};
    gb_ref_q3_K_quantize(zeros, &b, 256, NULL);
    expect_bytes(&b, nothing, sizeof nothing);
    gb_ref_q3_K_dequantize(&b, y, 256);
    ck_assert_mem_eq(zeros, y, sizeof y);
}
END_TEST

START_TEST(page_q1_0) {
    float x[128];
    float y[128] = {1.984375F, 1.0F, [17] = -0.5F, [64] = 3.96875F};
    for (size_t i = 0; i < 128; i++) x[i] = i % 2 ? -0.25F : 0.5F;
    for (size_t i = 32; i < 64; i++) y[i] = 1.984375F;
    x[1] = -0.0F;
    static const uint8_t bytes[18] = {0xf8, 0x35, 0x57, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
                                      0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55};
    gb_block_q1_0 b;
    gb_block_q8_0 a[4];
    gb_ref_q1_0_quantize(x, &b, 128, NULL);
    expect_bytes(&b, bytes, sizeof bytes);
    gb_ref_q8_0_quantize_act(y, a, 128);
    ck_assert_float_eq(gb_ref_q1_0_dot(&b, a, 128), 2.78036499F);
    x[5] = gb_f32_from_bits(0x7fc00000U);
    gb_ref_q1_0_quantize(x, &b, 128, NULL);
    ck_assert_uint_eq(b.d, 0xfe00);
    memset(&b, 0, sizeof b);
    gb_ref_q1_0_dequantize(&b, x, 128);
    ck_assert_uint_eq(gb_f32_bits(x[127]), 0x80000000U);
}
END_TEST

START_TEST(page_q2_0) {
    float x[64] = {0.75F, -0.75F, 0.375F, -0.374F, [32] = 0.4F};
    static const float y[64] = {1.984375F, 1.0F, [17] = -0.5F, [32] = 3.96875F};
    static const uint8_t bytes[18] = {0x00, 0x3a, 0x62, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55,
                                      0x55, 0x56, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55, 0x55};
    gb_block_q2_0 b;
    gb_block_q8_0 a[2];
    gb_ref_q2_0_quantize(x, &b, 64, NULL);
    expect_bytes(&b, bytes, sizeof bytes);
    gb_ref_q8_0_quantize_act(y, a, 64);
    ck_assert_float_eq(gb_ref_q2_0_dot(&b, a, 64), 3.71484375F);
    x[3] = INFINITY; /* lost; d is infinite, so the others are 0 */
    gb_ref_q2_0_quantize(x, &b, 64, NULL);
    ck_assert_uint_eq(b.qs[0], 0x15);
    b.qs[0] = 0xff;
    b.d = 0x3a00;
    gb_ref_q2_0_dequantize(&b, x, 64);
    ck_assert_float_eq(x[0], 1.5F); /* code 3 */
}
END_TEST

START_TEST(page_mxfp4) {
    float x[32] = {5.0F, -2.6F, 0.25F, -0.2F, 0.3F, 3.5F, [16] = 1.2F, -0.75F};
    static const float decoded[32] = {4.0F, -3.0F, 0.0F, 0.0F, 0.5F, 3.0F, [16] = 1.0F, -0.5F};
    static const uint8_t bytes[17] = {0x7f, 0x26, 0x9d, 0x00, 0x00, 0x01, 0x05};
    gb_block_mxfp4 b;
    gb_block_q8_0 a;
    gb_ref_mxfp4_quantize(x, &b, 32, NULL);
    expect_bytes(&b, bytes, sizeof bytes);
    gb_ref_mxfp4_dequantize(&b, x, 32);
    ck_assert_mem_eq(x, decoded, sizeof x);
    gb_ref_q8_0_quantize_act(few, &a, 32);
    ck_assert_float_eq(gb_ref_mxfp4_dot(&b, &a, 32), 5.1875F);
    x[0] = 7.9999995F;
    gb_ref_mxfp4_quantize(x, &b, 32, NULL);
    ck_assert_uint_eq(b.e, 128);
    x[0] = 7.999999F;
    gb_ref_mxfp4_quantize(x, &b, 32, NULL);
    ck_assert_uint_eq(b.e, 127);
}
END_TEST

START_TEST(page_nvfp4) {
    float x[64] = {6.0F, -2.6F, [8] = 5.0F, [16] = 1.0F, -0.3F, [24] = 0.5F, [48] = 0.0001F};
    static const float decoded[64] = {6.0F, -3.0F, [8] = 4.0F, [16] = 1.03125F, -0.2578125F, [24] = 0.515625F};
    static const float y[64] = {1.984375F, 1.0F, [16] = 0.25F, -0.5F, [40] = 1.0F};
    static const uint8_t bytes[36] = {0x38, 0x23, 0, 0, 0x67, 0x0d, [12] = 0x57, 0x0b};
    gb_block_nvfp4 b;
    gb_block_q8_0 a[2];
    gb_ref_nvfp4_quantize(x, &b, 64, NULL);
    expect_bytes(&b, bytes, sizeof bytes);
    gb_ref_nvfp4_dequantize(&b, x, 64);
    ck_assert_mem_eq(x, decoded, sizeof x);
    gb_ref_q8_0_quantize_act(y, a, 64);
    ck_assert_float_eq(gb_ref_nvfp4_dot(&b, a, 64), 9.29296875F);
}
END_TEST

START_TEST(page_tq1_0) {
    float x[256] = {1.5F, [32] = -1.5F, [64] = 0.75F, [128] = -0.7F, [160] = -1.5F, [243] = 1.5F};
    gb_block_tq1_0 b;
    gb_block_q8_K a;
    gb_ref_tq1_0_quantize(x, &b, 256, NULL);
    for (size_t p = 0; p < 48; p++) ck_assert_uint_eq(b.qs[p], p == 0 ? 0xc2 : p == 32 ? 0x2b : 0x80);
    for (size_t p = 0; p < 4; p++) ck_assert_uint_eq(b.qh[p], p == 3 ? 0xd4 : 0x7f);
    ck_assert_uint_eq(b.d, 0x3e00);
    ones(&a);
    ck_assert_float_eq(gb_ref_tq1_0_dot(&b, &a, 256), 1.5F);
    for (unsigned byte = 0; byte < 256; byte++) { /* digit n of the fraction byte / 256 in base 3 */
        memset(&b, (int)byte, sizeof b);
        b.d = 0x3c00;
        gb_ref_tq1_0_dequantize(&b, x, 256);
        unsigned power = 1;
        for (size_t n = 0; n < 5; n++, power *= 3) {
            const float digit = (float)((byte * power * 3 >> 8) % 3);
            ck_assert_float_eq(x[32 * n + 5], digit - 1.0F);
            ck_assert_float_eq(x[160 + 16 * n + 5], digit - 1.0F);
            if (n < 4) ck_assert_float_eq(x[240 + 4 * n + 1], digit - 1.0F);
        }
    }
}
END_TEST

START_TEST(page_tq2_0) {
    float x[256] = {1.5F, [32] = -1.5F, [64] = 0.75F, [133] = -1.5F, 1.0F};
    gb_block_tq2_0 b;
    gb_block_q8_K a;
    gb_ref_tq2_0_quantize(x, &b, 256, NULL);
    for (size_t p = 0; p < 64; p++) ck_assert_uint_eq(b.qs[p], p == 0 ? 0x62 : p == 37 ? 0x54 : p == 38 ? 0x56 : 0x55);
    ck_assert_uint_eq(b.d, 0x3e00);
    ones(&a);
    ck_assert_float_eq(gb_ref_tq2_0_dot(&b, &a, 256), 1.5F);
    x[7] = INFINITY; /* lost: zero */
    gb_ref_tq2_0_quantize(x, &b, 256, NULL);
    ck_assert_uint_eq(b.qs[7], 0x55);
    b.qs[63] = 0xc0;
    b.d = 0x3c00;
    gb_ref_tq2_0_dequantize(&b, x, 256);
    ck_assert_float_eq(x[255], 2.0F); /* code 3 */
}
END_TEST

START_TEST(page_q4_K) {
    float x[256];
    for (int j = 0; j < 8; j++)
        for (int i = 0; i < 32; i++) x[32 * j + i] = 0.125F * (float)((j + 1) * (i % 16)) - 0.25F * (float)j;
    gb_block_q4_K b;
    gb_ref_q4_K_quantize(x, &b, 256, NULL);
    static const uint8_t scales[12] = {0x88, 0x90, 0xd8, 0xe0, 0x80, 0x89, 0xd2, 0xdb, 0x47, 0xdf, 0x67, 0xff};
    ck_assert_uint_eq(b.d, 0x2410);
    ck_assert_uint_eq(b.dmin, 0x271c);
    expect_bytes(b.scales, scales, sizeof scales);
    for (unsigned i = 0; i < 128; i++) ck_assert_uint_eq(b.qs[i], 0x11 * (i % 16));
    gb_ref_q4_K_dequantize(&b, x, 256);
    ck_assert_float_eq(x[32 * 7 + 1], -0.749816895F);
    gb_block_q8_K a;
    ones(&a);
    ck_assert_float_eq(gb_ref_q4_K_dot(&b, &a, 256), 857.695312F);
}
END_TEST

START_TEST(page_q5_K) {
    float x[256];
    for (int j = 0; j < 8; j++)
        for (int i = 0; i < 32; i++) x[32 * j + i] = 0.125F * (float)((j + 1) * i) - 0.25F * (float)j;
    gb_block_q5_K b;
    gb_ref_q5_K_quantize(x, &b, 256, NULL);
    static const uint8_t scales[12] = {0x88, 0x90, 0xd8, 0xe0, 0x80, 0x89, 0xd2, 0xdb, 0x47, 0xdf, 0x67, 0xff};
    ck_assert_uint_eq(b.d, 0x2410);
    ck_assert_uint_eq(b.dmin, 0x271c);
    expect_bytes(b.scales, scales, sizeof scales);
    for (unsigned i = 0; i < 128; i++) ck_assert_uint_eq(b.qs[i], 0x11 * (i % 16));
    for (unsigned i = 0; i < 32; i++) ck_assert_uint_eq(b.qh[i], i < 16 ? 0x00 : 0xff);
    gb_ref_q5_K_dequantize(&b, x, 256);
    ck_assert_float_eq(x[255], 29.2428589F);
    gb_block_q8_K a;
    ones(&a);
    ck_assert_float_eq(gb_ref_q5_K_dot(&b, &a, 256), 2011.44531F);
}
END_TEST

/* "A scale below zero" (docs/formats/README.md); the bytes are ggml's. Catches: codes computed for the scales as they
 * were before the packing, a positive search that sums the wrapped code, a limit in the wrong encoder. */
START_TEST(negative_scales) {
    float x[256] = {0};
    float importance[256] = {0};
    for (size_t j = 0; j < 4; j++) {
        x[32 * j + 1] = -30.0F;
        x[32 * j + 6] = -600.0F;
        importance[32 * j + 1] = 0.01F;
    }
    for (int i = 128; i < 256; i++) {
        x[i] = 0.25F * (float)(i % 16 * (i / 16)) - (float)(i / 16);
        importance[i] = 1.0F;
    }
    static const uint8_t q2[16] = {0xfd, 0x00, 0xfd, 0x00, 0xfd, 0x00, 0xfe, 0x00,
                                   0x20, 0x30, 0x30, 0x39, 0x39, 0x49, 0x49, 0x40};
    static const uint8_t q2_ends[4] = {0x5a, 0x5c, 0x69, 0x40};
    static const uint8_t q4[16] = {0xa1, 0x2d, 0x60, 0x33, 0xe5, 0xe5, 0xe5, 0xe5,
                                   0x80, 0x80, 0xc0, 0xc0, 0x6d, 0xf3, 0x88, 0xf9};
    static const uint8_t q4_codes[16] = {0x00, 0x11, 0x11, 0x21, 0x22, 0x32, 0x42, 0x43,
                                         0x53, 0x53, 0x64, 0x64, 0x75, 0x75, 0x85, 0x96};
    static const uint8_t q5[16] = {0xd4, 0x29, 0x8d, 0x33, 0x7f, 0xbf, 0xbf, 0xbf,
                                   0x80, 0x80, 0xc0, 0xc0, 0x6d, 0xf2, 0x76, 0xf9};
    gb_block_q2_K b2;
    gb_ref_q2_K_quantize(x, &b2, 256, importance);
    expect_bytes(b2.scales, q2, sizeof q2);
    expect_bytes(&b2.d, q2_ends, sizeof q2_ends);
    gb_block_q4_K b4;
    gb_ref_q4_K_quantize(x, &b4, 256, importance);
    expect_bytes(&b4, q4, sizeof q4);
    expect_bytes(b4.qs + 64, q4_codes, sizeof q4_codes);
    gb_block_q5_K b5;
    gb_ref_q5_K_quantize(x, &b5, 256, importance);
    expect_bytes(&b5, q5, sizeof q5);
}
END_TEST

START_TEST(page_q6_K) {
    float x[256];
    float y[256];
    for (int i = 0; i < 256; i++) x[i] = (float)((4 * (i % 16) - 32) * (i / 16 + 1)) / 128.0F;
    gb_block_q6_K b;
    gb_ref_q6_K_quantize(x, &b, 256, NULL);
    ck_assert_uint_eq(b.d, 0x9400);
    for (int j = 0; j < 16; j++) ck_assert_int_eq(b.scales[j], -8 * (j + 1));
    ck_assert_uint_eq(b.ql[37], 0x44);
    ck_assert_uint_eq(b.qh[5], 0x55);
    gb_ref_q6_K_dequantize(&b, y, 256);
    ck_assert_mem_eq(x, y, sizeof x);
    ck_assert_float_eq(y[101], -0.65625F);
    gb_block_q8_K a;
    ones(&a);
    ck_assert_float_eq(gb_ref_q6_K_dot(&b, &a, 256), -34.0F);
}
END_TEST

static void levels_in_both_directions(float x[32], float scale) {
    static const int levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};
    for (int j = 0; j < 16; j++) x[j] = x[31 - j] = scale * (float)levels[j];
}

static const uint8_t both_directions[16] = {0xf0, 0xe1, 0xd2, 0xc3, 0xb4, 0xa5, 0x96, 0x87,
                                            0x78, 0x69, 0x5a, 0x4b, 0x3c, 0x2d, 0x1e, 0x0f};

START_TEST(page_iq4_nl) {
    float x[32];
    gb_block_iq4_nl b;
    levels_in_both_directions(x, 0x1p-6F);
    gb_ref_iq4_nl_quantize(x, &b, 32, NULL);
    ck_assert_uint_eq(b.d, 0x2400);
    expect_bytes(b.qs, both_directions, sizeof both_directions);
    float y[32];
    for (size_t i = 0; i < 32; i++) y[i] = 1.0F;
    gb_block_q8_0 a;
    gb_ref_q8_0_quantize_act(y, &a, 32);
    ck_assert_float_eq(gb_ref_iq4_nl_dot(&b, &a, 32), -2.93732071F);
    x[7] = -0.25F; /* exactly between two levels */
    gb_iq4_encode(x, 0x1p-6F, b.qs);
    ck_assert_uint_eq(b.qs[7], 0x87);
    static const float zeros[32] = {0};
    gb_ref_iq4_nl_quantize(zeros, &b, 32, NULL);
    ck_assert_uint_eq(b.d, 0);
    for (size_t i = 0; i < 16; i++) ck_assert_uint_eq(b.qs[i], 0x88);
}
END_TEST

START_TEST(page_iq4_xs) {
    static const uint8_t head[8] = {0x00, 0x9c, 0x55, 0x00, 0x8c, 0x04, 0x8c, 0x04};
    static const uint8_t nothing[8] = {0x00, 0x80, 0xaa, 0xaa, 0x00, 0x00, 0x00, 0x00};
    float x[256];
    float y[256];
    gb_block_iq4_xs b;
    gb_block_q8_K a;
    for (int j = 0; j < 8; j++) levels_in_both_directions(x + 32 * j, 0x1p-6F * (float)(j + 1));
    gb_ref_iq4_xs_quantize(x, &b, 256, NULL);
    expect_bytes(&b, head, sizeof head);
    for (size_t j = 0; j < 8; j++) expect_bytes(b.qs + 16 * j, both_directions, sizeof both_directions);
    gb_ref_iq4_xs_dequantize(&b, y, 256);
    ck_assert_mem_eq(x, y, sizeof x);
    ck_assert_float_eq(y[255], -15.875F);
    ones(&a);
    ck_assert_float_eq(gb_ref_iq4_xs_dot(&b, &a, 256), -105.75F);
    memset(x, 0, sizeof x);
    gb_ref_iq4_xs_quantize(x, &b, 256, NULL);
    expect_bytes(&b, nothing, sizeof nothing);
    for (size_t i = 0; i < 128; i++) ck_assert_uint_eq(b.qs[i], 0x88);
}
END_TEST

/* Eight sub-blocks of 32: (j + 1) / 64 times four times the same eight numbers. */
static void eights(float x[256], const int numbers[8]) {
    for (int j = 0; j < 8; j++)
        for (int i = 0; i < 32; i++) x[32 * j + i] = (float)((j + 1) * numbers[i % 8]) / 64.0F;
}

static const float up_and_down[2][8] = {{1.125F, -0.875F, 1.125F, -0.875F, 0.125F, -0.875F, 1.125F, 0.125F},
                                        {-0.125F, -1.125F, -1.125F, -0.125F, -1.125F, -0.125F, -1.125F, 0.875F}};

START_TEST(page_iq1_s) {
    static const uint8_t words[16] = {0x24, 0x09, 0x6d, 0x9b, 0x24, 0x29, 0x6d, 0xbb,
                                      0x24, 0x49, 0x6d, 0xdb, 0x24, 0x69, 0x6d, 0xfb};
    float x[256];
    gb_block_iq1_s b;
    gb_block_q8_K a;
    for (int j = 0; j < 8; j++)
        for (int i = 0; i < 32; i++) x[32 * j + i] = (float)(j + 1) * up_and_down[j % 2][i % 8] / 64.0F;
    gb_ref_iq1_s_quantize(x, &b, 256, NULL);
    ck_assert_uint_eq(b.d, 0x20cd);
    for (size_t g = 0; g < 32; g++) ck_assert_uint_eq(b.qs[g], g / 4 % 2 ? 0xdc : 0xd2);
    expect_bytes(b.qh, words, sizeof words);
    gb_ref_iq1_s_dequantize(&b, x, 256);
    ck_assert_float_eq(x[0], 0.0105485916F);
    ck_assert_float_eq(x[255], 0.123066902F);
    ones(&a);
    ck_assert_float_eq(gb_ref_iq1_s_dot(&b, &a, 256), -4.35070801F);
}
END_TEST

START_TEST(page_iq1_m) {
    static const uint8_t words[8] = {0x40, 0x42, 0xd2, 0xa6, 0x64, 0x4b, 0xf6, 0x2f};
    static const uint8_t nothing[56] = {0};
    float x[256];
    gb_block_iq1_m b;
    gb_block_q8_K a;
    for (int j = 0; j < 16; j++)
        for (int i = 0; i < 16; i++) x[16 * j + i] = (float)(j + 1) * up_and_down[i / 8][i % 8] / 64.0F;
    gb_ref_iq1_m_quantize(x, &b, 256, NULL);
    for (size_t g = 0; g < 32; g++) ck_assert_uint_eq(b.qs[g], g % 2 ? 0xdc : 0xd2);
    for (size_t i = 0; i < 16; i++) ck_assert_uint_eq(b.qh[i], 0xd4);
    expect_bytes(b.scales, words, sizeof words);
    ck_assert_uint_eq(gb_iq1_m_d(&b), 0x24a4);
    gb_ref_iq1_m_dequantize(&b, x, 256);
    ck_assert_float_eq(x[0], 0.0203933716F);
    ck_assert_float_eq(x[255], 0.237922668F);
    ones(&a);
    ck_assert_float_eq(gb_ref_iq1_m_dot(&b, &a, 256), -6.9609375F);
    memset(x, 0, sizeof x);
    gb_ref_iq1_m_quantize(x, &b, 256, NULL);
    expect_bytes(&b, nothing, sizeof nothing);
}
END_TEST

static const uint8_t pairs_of_scales[8] = {0x11, 0x33, 0x55, 0x77, 0x99, 0xbb, 0xdd, 0xff};

START_TEST(page_iq2_xxs) {
    static const int numbers[8] = {3, -5, 1, 1, 3, -1, 5, 5};
    float x[256];
    gb_block_iq2_xxs b;
    gb_block_q8_K a;
    eights(x, numbers);
    gb_ref_iq2_xxs_quantize(x, &b, 256, NULL);
    ck_assert_uint_eq(b.d, 0x1c21);
    for (size_t j = 0; j < 8; j++) {
        const uint8_t sub[8] = {0xfb, 0xfb, 0xfb, 0xfb, 0x22, 0x91, 0x48, (uint8_t)(0x14 + 0x20 * j)};
        expect_bytes(b.qs + 8 * j, sub, sizeof sub);
    }
    ones(&a);
    ck_assert_float_eq(gb_ref_iq2_xxs_dot(&b, &a, 256), 27.6927052F);
    float y[256];
    gb_ref_iq2_xxs_dequantize(&b, y, 256);
    ck_assert_float_eq(y[0], 0.0378012657F);
    ck_assert_float_eq(y[255], 0.671854496F);
    x[1] = -x[1];
    x[2] = -x[2];
    x[5] = -x[5];
    gb_ref_iq2_xxs_quantize(x, &b, 256, NULL);
    ck_assert_uint_eq(b.qs[4] & 127, 0);
}
END_TEST

START_TEST(page_iq2_xs) {
    static const int numbers[8] = {1, -5, 3, 5, 5, -3, 5, 5};
    float x[256];
    gb_block_iq2_xs b;
    gb_block_q8_K a;
    eights(x, numbers);
    gb_ref_iq2_xs_quantize(x, &b, 256, NULL);
    ck_assert_uint_eq(b.d, 0x1c21);
    for (size_t g = 0; g < 32; g++) ck_assert_uint_eq(gb_load_u16(b.qs, g), 0x45f2);
    expect_bytes(b.scales, pairs_of_scales, sizeof pairs_of_scales);
    gb_ref_iq2_xs_dequantize(&b, x, 256);
    ck_assert_float_eq(x[0], 0.0120964050F);
    ck_assert_float_eq(x[255], 0.671854496F);
    ones(&a);
    ck_assert_float_eq(gb_ref_iq2_xs_dot(&b, &a, 256), 37.5633698F);
}
END_TEST

START_TEST(page_iq2_s) {
    static const int numbers[8] = {3, -5, 3, 1, 3, -3, 5, 5};
    float x[256];
    gb_block_iq2_s b;
    gb_block_q8_K a;
    eights(x, numbers);
    gb_ref_iq2_s_quantize(x, &b, 256, NULL);
    ck_assert_uint_eq(b.d, 0x1c14);
    for (size_t g = 0; g < 32; g++) ck_assert_uint_eq(b.qs[g], 0xf2);
    for (size_t g = 0; g < 32; g++) ck_assert_uint_eq(b.signs[g], 0x22);
    for (size_t i = 0; i < 8; i++) ck_assert_uint_eq(b.qh[i], 0xff);
    expect_bytes(b.scales, pairs_of_scales, sizeof pairs_of_scales);
    gb_ref_iq2_s_dequantize(&b, x, 256);
    ck_assert_float_eq(x[0], 0.0373363495F);
    ck_assert_float_eq(x[255], 0.663591385F);
    ones(&a);
    ck_assert_float_eq(gb_ref_iq2_s_dot(&b, &a, 256), 27.3521118F);
}
END_TEST

START_TEST(page_iq3_xxs) {
    static const int numbers[8] = {15, -11, 5, 1, 3, -7, 5, 1};
    float x[256];
    gb_block_iq3_xxs b;
    gb_block_q8_K a;
    eights(x, numbers);
    gb_ref_iq3_xxs_quantize(x, &b, 256, NULL);
    ck_assert_uint_eq(b.d, 0x1c2e);
    for (size_t g = 0; g < 64; g++) ck_assert_uint_eq(b.qs[g], g % 2 ? 0x1d : 0x21);
    for (size_t j = 0; j < 8; j++) {
        const uint8_t word[4] = {0x22, 0x91, 0x48, (uint8_t)(0x14 + 0x20 * j)};
        expect_bytes(b.signs_scales + 4 * j, word, sizeof word);
    }
    gb_ref_iq3_xxs_dequantize(&b, x, 256);
    ck_assert_float_eq(x[0], 0.189800262F);
    ck_assert_float_eq(x[248], 1.96126938F);
    ones(&a);
    ck_assert_float_eq(gb_ref_iq3_xxs_dot(&b, &a, 256), 27.7557373F);
}
END_TEST

START_TEST(page_iq3_s) {
    static const int numbers[8] = {15, -9, 1, 1, 3, -5, 7, 13};
    static const uint8_t scales[4] = {0x31, 0x75, 0xb9, 0xfd};
    float x[256];
    gb_block_iq3_s b;
    gb_block_q8_K a;
    eights(x, numbers);
    gb_ref_iq3_s_quantize(x, &b, 256, NULL);
    ck_assert_uint_eq(b.d, 0x1c44);
    for (size_t g = 0; g < 64; g++) ck_assert_uint_eq(b.qs[g], g % 2 ? 0xd0 : 0x11);
    for (size_t i = 0; i < 8; i++) ck_assert_uint_eq(b.qh[i], 0xaa);
    for (size_t e = 0; e < 32; e++) ck_assert_uint_eq(b.signs[e], 0x22);
    expect_bytes(b.scales, scales, sizeof scales);
    gb_ref_iq3_s_dequantize(&b, x, 256);
    ck_assert_float_eq(x[0], 0.187454224F);
    ck_assert_float_eq(x[255], 1.67875671F);
    ones(&a);
    ck_assert_float_eq(gb_ref_iq3_s_dot(&b, &a, 256), 58.9189415F);
}
END_TEST

START_TEST(page_q8_K) {
    float x[256] = {1.984375F, -1.0F, 0.0078125F, 0.0234375F, -0.0390625F};
    x[16] = 0.1F;
    x[17] = -1.984375F;
    gb_block_q8_K b;
    gb_ref_q8_K_quantize_act(x, &b, 256);
    ck_assert_float_eq(b.d, -0.015625F);
    static const int8_t codes[5] = {-127, 64, 0, -2, 2};
    ck_assert_mem_eq(b.qs, codes, sizeof codes);
    ck_assert_int_eq(b.qs[16], -6);
    ck_assert_int_eq(b.qs[17], 127);
    ck_assert_int_eq(b.bsums[0], -63);
    ck_assert_int_eq(b.bsums[1], 121);
    ck_assert_int_eq(b.bsums[2], 0);
    ones(&b);
    ck_assert_float_eq(b.d, -0.00787401572F);
    ck_assert_int_eq(b.bsums[15], -2032);
}
END_TEST

START_TEST(pages_of_floats) {
    static const struct {
        float x;
        uint16_t half;
    } halves[] = {{0.1F, 0x2e66},     {0x1.002p0F, 0x3c00}, {0x1.006p0F, 0x3c02},
                  {65519.0F, 0x7bff}, {65520.0F, 0x7c00},   {6.1e-5F, 0x03ff},
                  {0x1p-24F, 0x0001}, {0x1p-25F, 0x0000},   {0x1.8p-25F, 0x0001}},
      brains[] = {{0.1F, 0x3dcd}, {0x1.01p0F, 0x3f80}, {0x1.03p0F, 0x3f82}, {3.4e38F, 0x7f80}, {1e-40F, 0x0001}};
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++)
        ck_assert_uint_eq(gb_f16_from_f32(halves[i].x), halves[i].half);
    for (size_t i = 0; i < sizeof brains / sizeof brains[0]; i++)
        ck_assert_uint_eq(gb_bf16_from_f32(brains[i].x), brains[i].half);
    static const float x[2] = {0.1F, 3.0F};
    static const float y[2] = {0.2F, 0.3F};
    uint16_t w[2];
    uint16_t a[2];
    gb_ref_f16_quantize(x, w, 2, NULL);
    gb_ref_f16_quantize_act(y, a, 2);
    ck_assert_float_eq(gb_ref_f16_dot(w, a, 2), 0.92013669F);
    gb_ref_bf16_quantize(x, w, 2, NULL);
    gb_ref_bf16_quantize_act(y, a, 2);
    ck_assert_float_eq(gb_ref_bf16_dot(w, a, 2), 0.922382832F);
    float large[17] = {16777216.0F, 1.0F, 0.0F, 1.0F};
    float one[17];
    for (size_t i = 0; i < 17; i++) one[i] = 1.0F;
    ck_assert_float_eq(gb_ref_f32_dot(large, one, 4), 16777218.0F);
    large[1] = large[3] = 0.0F;
    large[16] = 1.0F;
    ck_assert_float_eq(gb_ref_f32_dot(large, one, 17), 16777216.0F);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("format_pages");
    TCase *c = tcase_create("format_pages");
    tcase_add_test(c, page_q8_0);
    tcase_add_test(c, page_q4_0);
    tcase_add_test(c, page_q4_1);
    tcase_add_test(c, page_q5_0);
    tcase_add_test(c, page_q5_1);
    tcase_add_test(c, page_q8_1);
    tcase_add_test(c, page_q2_K);
    tcase_add_test(c, page_q3_K);
    tcase_add_test(c, page_q1_0);
    tcase_add_test(c, page_q2_0);
    tcase_add_test(c, page_mxfp4);
    tcase_add_test(c, page_nvfp4);
    tcase_add_test(c, page_tq1_0);
    tcase_add_test(c, page_tq2_0);
    tcase_add_test(c, page_q4_K);
    tcase_add_test(c, page_q5_K);
    tcase_add_test(c, negative_scales);
    tcase_add_test(c, page_q6_K);
    tcase_add_test(c, page_iq1_s);
    tcase_add_test(c, page_iq1_m);
    tcase_add_test(c, page_iq2_xxs);
    tcase_add_test(c, page_iq2_xs);
    tcase_add_test(c, page_iq2_s);
    tcase_add_test(c, page_iq3_xxs);
    tcase_add_test(c, page_iq3_s);
    tcase_add_test(c, page_iq4_nl);
    tcase_add_test(c, page_iq4_xs);
    tcase_add_test(c, page_q8_K);
    tcase_add_test(c, pages_of_floats);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}

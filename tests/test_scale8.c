/* Scales of eight bits, four-bit floats and the logarithm behind them, against the same numbers computed in double: a
 * wrong bit in a table, a tie that goes the other way, an exponent taken from the wrong side of a power of two. */
#include <check.h>
#include <float.h>
#include <math.h>

#include "reference/e2m1.h"
#include "reference/log2.h"
#include "reference/math.h"
#include "reference/reference.h"
#include "reference/scale8.h"
#include "tests/support/suite.h"

/* The definition: the logarithm rounded to binary32, then cut. gb_log's error, 1e-15 of 149, is far below the distance
 * of any logarithm of a float from a rounding boundary near an integer (2e-8). */
static int expected_floor_log2(float x) {
    return (int)floor((double)(float)(gb_log((double)x) / 0.69314718055994530942));
}

static void expect_floor_log2(uint32_t bits) {
    const float x = gb_f32_from_bits(bits);
    const int got = gb_floor_log2_f32(x);
    ck_assert_msg(got == expected_floor_log2(x), "%08x: %d, expected %d", bits, got, expected_floor_log2(x));
}

/* Every normal power of two with 300 floats on both sides, and every 4099th float between (a prime: all mantissas mix).
 */
START_TEST(floor_log2_of_normals) {
    for (uint32_t exponent = 1; exponent < 255; exponent++)
        for (uint32_t j = 0; j < 300; j++) {
            expect_floor_log2((exponent << 23) + j);
            expect_floor_log2(((exponent + 1) << 23) - 1 - j);
        }
    for (uint32_t bits = 0x800000; bits < 0x7f800000; bits += 4099) expect_floor_log2(bits);
}
END_TEST

/* Every power of two among the subnormals, with 300 floats on both sides (of the smallest, all). */
START_TEST(floor_log2_of_subnormals) {
    for (uint32_t power = 1; power <= 0x800000; power *= 2)
        for (uint32_t j = 0; j < 300; j++) {
            if (j < power) expect_floor_log2(power + j);
            if (j < power) expect_floor_log2(power - (power > 1 ? j : 0));
        }
}
END_TEST

/* How many floats below 2^k count as 2^k, as measured on glibc 2.36 for every float. */
START_TEST(floor_log2_reaches_as_far_as_glibc) {
    static const struct {
        int first, last; /* k */
        uint32_t count;
    } measured[] = {{-131, -131, 1}, {-130, -130, 2}, {-129, -129, 5}, {-128, -127, 11}, {-126, -126, 22},
                    {-125, -64, 44}, {-63, -32, 22},  {-31, -16, 11},  {-15, -8, 5},     {-7, -4, 2},
                    {-3, -2, 1},     {-1, 2, 0},      {3, 4, 1},       {5, 8, 2},        {9, 16, 5},
                    {17, 32, 11},    {33, 64, 22},    {65, 128, 44}};
    for (size_t i = 0; i < sizeof measured / sizeof measured[0]; i++) {
        for (int k = measured[i].first; k <= measured[i].last; k++) {
            const uint32_t power = k > -127 ? (uint32_t)(k + 127) << 23 : 1U << (k + 149);
            uint32_t count = 0;
            while (gb_floor_log2_f32(gb_f32_from_bits(power - 1 - count)) == k) count++;
            ck_assert_msg(count == measured[i].count, "k = %d: %u floats", k, count);
        }
    }
}
END_TEST

/* The exponent byte of mxfp4 where the logarithm rounds up, where it leaves the byte, and at infinity. */
START_TEST(mxfp4_exponents) {
    static const struct {
        float largest;
        uint8_t e;
    } cases[] = {{0.0F, 0},
                 {1.0F, 125},
                 {0x1.fffffep-1F, 124},
                 {8.0F, 128},
                 {0x1.fffffep2F, 128},
                 {0x1.fffffcp2F, 127},
                 {FLT_MAX, 253},
                 {0x1p-125F, 0},
                 {0x1.ffffa8p-126F, 0},
                 {0x1.ffffa6p-126F, 255},
                 {1e-40F, 248},
                 {0x1p-149F, 232},
                 {INFINITY, 0},
                 {NAN, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        float x[32] = {0};
        x[9] = -cases[i].largest;
        gb_block_mxfp4 b;
        gb_ref_mxfp4_quantize(x, &b, 32, NULL);
        ck_assert_msg(b.e == cases[i].e, "%a: %u", (double)cases[i].largest, b.e);
    }
}
END_TEST

START_TEST(e8m0_values) {
    for (int e = 0; e < 256; e++) ck_assert_double_eq((double)gb_f32_from_e8m0_half((uint8_t)e), ldexp(1.0, e - 128));
}
END_TEST

/* The standard's value of a code. */
static double ue4m3(int code) {
    const int exponent = code >> 3 & 15;
    const int mantissa = code & 7;
    return exponent ? ldexp(8 + mantissa, exponent - 10) : ldexp(mantissa, -9);
}

START_TEST(ue4m3_values) {
    for (int b = 0; b < 256; b++) {
        const double expected = b == 0x7f ? 0.0 : ue4m3(b) / 2;
        ck_assert_double_eq((double)gb_f32_from_ue4m3_half((uint8_t)b), expected);
    }
}
END_TEST

/* Each code from its own value, the halfway points up and one ulp less down, with three exceptions: the largest
 * subnormal is not rounded to the smallest normal number, 240 is followed by 448, and one ulp below the first halfway
 * point the sum with 0.5 rounds up. */
START_TEST(ue4m3_encoder) {
    for (int code = 0; code <= 0x77; code++) {
        const float value = (float)ue4m3(code);
        const float middle = (float)((ue4m3(code) + ue4m3(code + 1)) / 2);
        const int up = code == 7 ? 7 : code == 0x77 ? 0x7e : code + 1;
        ck_assert_int_eq(gb_ue4m3_from_f32(value), code);
        ck_assert_int_eq(gb_ue4m3_from_f32(middle), up);
        ck_assert_int_eq(gb_ue4m3_from_f32(gb_f32_from_bits(gb_f32_bits(middle) - 1)), code == 0 ? 1 : code);
    }
    static const struct {
        float x;
        uint8_t code;
    } cases[] = {{0x1.fffffep-7F, 7}, {0x1p-6F, 8},    {247.99998F, 0x77}, {248.0F, 0x7e}, {300.0F, 0x7e},
                 {448.0F, 0x7e},      {FLT_MAX, 0x7e}, {INFINITY, 0x7e},   {NAN, 0},       {-NAN, 0},
                 {-1.0F, 0},          {-INFINITY, 0},  {-0.0F, 0},         {0x1p-149F, 0}, {0x1p-10F, 1},
                 {0x1.fffffcp-11F, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        ck_assert_msg(gb_ue4m3_from_f32(cases[i].x) == cases[i].code, "%a", (double)cases[i].x);
}
END_TEST

/* Every multiple of 1/16 from -16 to 16 at several scales: the nearest level by distance in double; between two, the
 * one closer to zero. */
START_TEST(e2m1_nearest) {
    static const double levels[8] = {0, 1, 2, 3, 4, 6, 8, 12};
    for (int power = -20; power <= 20; power++) {
        for (int i = -256; i <= 256; i++) {
            const double x = i / 16.0;
            int best = 0;
            for (int c = 1; c < 8; c++)
                if (fabs(levels[c] - fabs(x)) < fabs(levels[best] - fabs(x))) best = c;
            const int expected = x < 0 && best ? best + 8 : best;
            const float scale = (float)ldexp(1, power);
            ck_assert_int_eq(gb_e2m1_nearest((float)ldexp(x, power), scale), expected);
        }
    }
    static const float lost[] = {INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < 3; i++) ck_assert_int_eq(gb_e2m1_nearest(lost[i], 1.0F), 0);
    ck_assert_int_eq(gb_e2m1_nearest(-3.0F, 0.0F), 0);
    ck_assert_int_eq(gb_e2m1_nearest(-0.0F, 1.0F), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("scale8");
    TCase *c = tcase_create("scale8");
    tcase_set_timeout(c, 120);
    tcase_add_test(c, floor_log2_of_normals);
    tcase_add_test(c, floor_log2_of_subnormals);
    tcase_add_test(c, floor_log2_reaches_as_far_as_glibc);
    tcase_add_test(c, mxfp4_exponents);
    tcase_add_test(c, e8m0_values);
    tcase_add_test(c, ue4m3_values);
    tcase_add_test(c, ue4m3_encoder);
    tcase_add_test(c, e2m1_nearest);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}

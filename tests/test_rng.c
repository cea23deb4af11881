/* Random inputs: the same for ever, and shaped as they say. */
#include <check.h>
#include <string.h>

#include "harness/rng.h"
#include "reference/number.h"
#include "tests/support/suite.h"

/* Catches: any change of the generator, which would silently change every replay and every golden digest. The numbers
 * are those of the published splitmix64 from state 0. */
START_TEST(splitmix64_as_published) {
    gb_rng rng = {0};
    ck_assert_uint_eq(gb_rng_u64(&rng), 0xe220a8397b1dcdafU);
    ck_assert_uint_eq(gb_rng_u64(&rng), 0x6e789e6aa1b965f4U);
    ck_assert_uint_eq(gb_rng_u64(&rng), 0x06c45d188009454fU);
}
END_TEST

static uint64_t first(uint64_t seed, const char *name) {
    gb_rng rng;
    gb_rng_seed(&rng, seed, name);
    return gb_rng_u64(&rng);
}

/* Catches: streams that do not depend on the seed or on the name. */
START_TEST(named_streams_differ) {
    ck_assert_uint_eq(first(42, "n=32"), first(42, "n=32"));
    ck_assert_uint_ne(first(42, "n=32"), first(43, "n=32"));
    ck_assert_uint_ne(first(42, "n=32"), first(42, "n=33"));
}
END_TEST

/* Catches: ranges that include their end, or leave a value out. */
START_TEST(ranges) {
    gb_rng rng = {7};
    size_t seen[10] = {0};
    for (int i = 0; i < 10000; i++) {
        seen[gb_rng_below(&rng, 10)]++;
        const double u = gb_rng_uniform(&rng);
        ck_assert(u >= 0.0 && u < 1.0);
    }
    for (size_t i = 0; i < 10; i++) ck_assert(seen[i] > 850 && seen[i] < 1150); /* 1000 +- 5 sigma */
    for (int i = 0; i < 100; i++) ck_assert_uint_eq(gb_rng_below(&rng, 1), 0);
}
END_TEST

/* Catches: a normal distribution that is not one, or whose bits depend on the machine (libm, contraction). */
START_TEST(normal) {
    gb_rng rng = {1};
    double sum = 0.0;
    double squares = 0.0;
    double fourth = 0.0;
    const int n = 100000;
    for (int i = 0; i < n; i++) {
        const double x = gb_rng_normal(&rng);
        sum += x;
        squares += x * x;
        fourth += x * x * x * x;
    }
    ck_assert(sum / n > -0.02 && sum / n < 0.02);
    ck_assert(squares / n > 0.97 && squares / n < 1.03);
    ck_assert(fourth / n > 2.8 && fourth / n < 3.2);
    gb_rng_seed(&rng, 42, "pinned");
    uint32_t bits = 0;
    for (int i = 0; i < 1000; i++) bits = bits * 31 + gb_f32_bits((float)gb_rng_normal(&rng));
    ck_assert_uint_eq(bits, 0x86c79407U);
}
END_TEST

/* Catches: bytes past the end, or a tail that stays as it was. */
START_TEST(bytes) {
    gb_rng rng = {3};
    for (size_t size = 0; size < 40; size++) {
        unsigned char data[48];
        size_t changed = 0;
        memset(data, 0, sizeof data);
        for (int round = 0; round < 4; round++) {
            unsigned char before[48];
            memcpy(before, data, sizeof data);
            gb_rng_bytes(&rng, data, size);
            for (size_t i = 0; i < size; i++) changed += data[i] != before[i];
        }
        ck_assert_uint_ge(changed, size * 3);
        for (size_t i = size; i < sizeof data; i++) ck_assert_uint_eq(data[i], 0);
    }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("rng");
    TCase *tcase = tcase_create("rng");
    tcase_add_test(tcase, splitmix64_as_published);
    tcase_add_test(tcase, named_streams_differ);
    tcase_add_test(tcase, ranges);
    tcase_add_test(tcase, normal);
    tcase_add_test(tcase, bytes);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}

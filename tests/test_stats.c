/* harness/stats: wrong ranks of the interval, interpolation off by one, a noise floor that mixes up the halves. */
#include <check.h>
#include <math.h>

#include "harness/stats.h"
#include "tests/support/suite.h"

static int near(double a, double b) {
    return fabs(a - b) <= 1e-12 * (1 + fabs(b));
}

/* Published ranks for the median (1-based 10th and 21st of 30, 18th and 33rd of 50, 40th and 61st of 100), and their
 * coverages, computed exactly with integer binomials. */
START_TEST(interval_ranks) {
    static const struct {
        size_t n, low, high;
        double coverage;
    } known[] = {{6, 0, 5, 0.96875},
                 {7, 0, 6, 0.984375},
                 {10, 1, 8, 0.978515625},
                 {20, 5, 14, 0.9586105346679688},
                 {30, 9, 20, 0.9572260547429323},
                 {31, 9, 21, 0.9705506265163422},
                 {50, 17, 32, 0.9671608624357315},
                 {100, 39, 60, 0.9647997997822952}};
    size_t low = 99;
    size_t high = 99;
    const double coverage = gb_median_ranks(known[_i].n, &low, &high);
    ck_assert_uint_eq(low, known[_i].low);
    ck_assert_uint_eq(high, known[_i].high);
    ck_assert(fabs(coverage - known[_i].coverage) < 1e-10);
}
END_TEST

/* Too few samples: the whole range, and a coverage below 95 % that says so. Many: no underflow. */
START_TEST(interval_extremes) {
    size_t low = 9;
    size_t high = 9;
    ck_assert(near(gb_median_ranks(1, &low, &high), 0));
    ck_assert_uint_eq(low, 0);
    ck_assert_uint_eq(high, 0);
    ck_assert(near(gb_median_ranks(5, &low, &high), 0.9375));
    ck_assert_uint_eq(low, 0);
    ck_assert_uint_eq(high, 4);
    const double coverage = gb_median_ranks(100000, &low, &high);
    ck_assert(coverage >= 0.95 && coverage < 0.951);
    ck_assert_uint_eq(low + high, 99999);
    ck_assert(fabs((double)low - (50000 - 1.96 * sqrt(100000) / 2)) < 3); /* the normal limit */
}
END_TEST

/* Linear interpolation at p * (n - 1). */
START_TEST(percentiles) {
    const double x[] = {1, 2, 4, 8, 16};
    ck_assert(near(gb_percentile(x, 5, 0), 1));
    ck_assert(near(gb_percentile(x, 5, 0.5), 4));
    ck_assert(near(gb_percentile(x, 5, 0.9), 12.8));
    ck_assert(near(gb_percentile(x, 5, 1), 16));
    ck_assert(near(gb_percentile(x, 4, 0.5), 3));
    ck_assert(near(gb_percentile(x, 1, 0.99), 1));
}
END_TEST

/* Mean, sd, extremes and interval of unsorted samples, which stay as they were. */
START_TEST(summary) {
    const double x[] = {5, 3, 9, 1, 7, 2};
    double scratch[6];
    const gb_summary s = gb_summarize(x, 6, scratch);
    ck_assert(near(s.median, 4) && near(s.low, 1) && near(s.high, 9));
    ck_assert(near(s.mean, 4.5) && near(s.sd, sqrt(9.5)));
    ck_assert(near(s.min, 1) && near(s.max, 9));
    ck_assert(near(x[0], 5) && near(scratch[0], 1) && near(scratch[5], 9));
    const gb_summary one = gb_summarize(x, 1, scratch);
    ck_assert(near(one.median, 5) && near(one.low, 5) && near(one.high, 5) && near(one.sd, 0));
}
END_TEST

/* Halves are interleaved: a slow drift cancels, an alternation shows in full. */
START_TEST(noise_floor) {
    double drift[100];
    double alternating[100];
    double scratch[100];
    for (int i = 0; i < 100; i++) {
        drift[i] = 1000 + i;
        alternating[i] = i % 2 ? 100 : 110;
    }
    ck_assert(gb_noise_floor(drift, 100, scratch) < 0.001);
    ck_assert(near(gb_noise_floor(alternating, 100, scratch), 0.1));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("stats");
    TCase *tc = tcase_create("stats");
    tcase_add_loop_test(tc, interval_ranks, 0, 8);
    tcase_add_test(tc, interval_extremes);
    tcase_add_test(tc, percentiles);
    tcase_add_test(tc, summary);
    tcase_add_test(tc, noise_floor);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}

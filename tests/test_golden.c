/* Golden digests of our own (tests/golden/README.md): every format and operation, on the reference and on every
 * instruction set of this machine, recomputed from documented inputs. `golden_digests` prints fresh ones. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/caps.h"
#include "tests/support/digests.h"
#include "tests/support/suite.h"

static int is_in_file(FILE *f, const char *wanted) {
    char line[256];
    rewind(f);
    while (fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, wanted) == 0) return 1;
    }
    return 0;
}

static gb_digests computed;

/* Catches: any change of any result of any format or operation, reference or kernel, since the digests were recorded.
 */
START_TEST(results_have_not_changed) {
    gb_cap cap;
    const char *name;
    if (!gb_test_cap(_i, &cap, &name)) return;
    gb_digests_compute(&computed, &cap);
    FILE *f = fopen(GB_SOURCE_DIR "/tests/golden/digests.txt", "r");
    ck_assert_ptr_nonnull(f);
    for (size_t i = 0; i < computed.count; i++)
        ck_assert_msg(is_in_file(f, computed.line[i]), "%s: not in digests.txt: %s", name, computed.line[i]);
    (void)fclose(f);
}
END_TEST

/* Catches: a digest that nothing computes any more (an operation or a case dropped in silence). */
START_TEST(every_recorded_digest_is_computed) {
    const gb_cap cap = {.reference_only = 1};
    gb_digests_compute(&computed, &cap);
    FILE *f = fopen(GB_SOURCE_DIR "/tests/golden/digests.txt", "r");
    ck_assert_ptr_nonnull(f);
    char line[256];
    size_t lines = 0;
    while (fgets(line, sizeof line, f)) lines++;
    (void)fclose(f);
    ck_assert_uint_eq(lines, computed.count);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("golden");
    TCase *tcase = tcase_create("golden");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, results_have_not_changed, 0, GB_TEST_CAPS);
    tcase_add_test(tcase, every_recorded_digest_is_computed);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}

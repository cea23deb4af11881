/* How every test program ends. */
#ifndef GB_TESTS_SUITE_H
#define GB_TESTS_SUITE_H

#include <check.h>
#include <stdbool.h>

/* Runs the suite, prints its failures, frees it; the exit status of the program. */
int run_suite(Suite *suite);

/* Under sanitizers, which look for accesses and overflows, not for bits, and take several times as long: leave out what
 * reaches no other code. Not in `make check-all` (GB_TEST_ALL). */
bool few_tests(void);

#endif

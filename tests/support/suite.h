/* How every test program ends. */
#ifndef GB_TESTS_SUITE_H
#define GB_TESTS_SUITE_H

#include <check.h>

/* Runs the suite, prints its failures, frees it; the exit status of the program. */
int run_suite(Suite *suite);

#endif

#include "tests/support/suite.h"

#include <stdlib.h>

int run_suite(Suite *suite) {
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

bool few_tests(void) {
    return GB_SANITIZED && !getenv("GB_TEST_ALL");
}

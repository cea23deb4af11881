/* Prints the golden digests of this build, by the reference or, with an argument, by an instruction set. Needs no test
 * library, so that every compiler, optimization level and architecture can be asked (scripts/same-digests.sh). */
#include <stdio.h>
#include <stdlib.h>

#include "kernels/cpu.h"
#include "tests/support/digests.h"

static gb_digests computed;

int main(int argc, char **argv) {
    gb_cap cap;
    char why[256];
    if (gb_cap_from_name(argc > 1 ? argv[1] : "reference", &cap, why, sizeof why) != 0) {
        (void)fprintf(stderr, "golden_digests: %s\n", why);
        return EXIT_FAILURE;
    }
    gb_cpu_float_environment();
    gb_digests_compute(&computed, &cap);
    for (size_t i = 0; i < computed.count; i++) puts(computed.line[i]);
    return EXIT_SUCCESS;
}

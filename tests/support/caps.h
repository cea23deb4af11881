/* Every way this machine can compute: the reference alone, then each tier it can run. */
#ifndef GB_TESTS_CAPS_H
#define GB_TESTS_CAPS_H

#include "kernels/registry.h"

enum { GB_TEST_CAPS = GB_ISA_COUNT + 1 };

/* Loop index 0 .. GB_TEST_CAPS - 1 -> cap and its name; 0 if this machine cannot run that tier. */
static inline int gb_test_cap(int index, gb_cap *cap, const char **name) {
    char message[256];
    *name = index == 0 ? "reference" : gb_isas[index - 1].name;
    return gb_cap_from_name(*name, cap, message, sizeof message) == 0;
}

#endif

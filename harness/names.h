/* Lists of known names with commas between them, as options take them: "l1,dram". */
#ifndef GB_HARNESS_NAMES_H
#define GB_HARNESS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* chosen[i]: names[i] is in the list. false: an unknown or an empty name. */
bool gb_names_parse(const char *text, const char *const *names, size_t count, bool *chosen);

#endif

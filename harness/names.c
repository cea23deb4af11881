#include "harness/names.h"

#include <string.h>

bool gb_names_parse(const char *text, const char *const *names, size_t count, bool *chosen) {
    memset(chosen, 0, count * sizeof *chosen);
    for (const char *at = text;; at++) {
        const size_t n = strcspn(at, ",");
        size_t i = 0;
        while (i < count && (strlen(names[i]) != n || strncmp(at, names[i], n) != 0)) i++;
        if (i == count) return false;
        chosen[i] = true;
        at += n;
        if (!*at) return true;
    }
}

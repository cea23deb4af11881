/* Names of files beside each other. */
#ifndef GB_CONVERT_PATH_H
#define GB_CONVERT_PATH_H

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/error.h"

enum { GB_PATH_SIZE = PATH_MAX };

/* dir/name */
static inline int gb_path_join(const char *dir, const char *name, char out[GB_PATH_SIZE], gb_error *err) {
    const size_t n = strlen(dir);
    const int size = snprintf(out, GB_PATH_SIZE, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name);
    if (size < 0 || size >= GB_PATH_SIZE) return gb_fail(err, GB_EINPUT, "%s: the name is too long", dir);
    return GB_OK;
}

#endif

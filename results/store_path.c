#include <stdio.h>
#include <stdlib.h>

#include "results/store.h"

int gb_store_default_path(char *path, size_t size, gb_error *err) {
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    int n = -1;
    if (data && data[0] == '/')
        n = snprintf(path, size, "%s/gaugeblock/results.db", data);
    else if (home && home[0] == '/')
        n = snprintf(path, size, "%s/.local/share/gaugeblock/results.db", home);
    else
        return gb_fail(err, GB_EINPUT, "no place for the store: neither XDG_DATA_HOME nor HOME is an absolute path");
    return n > 0 && (size_t)n < size ? GB_OK : gb_fail(err, GB_EINPUT, "the path of the store is too long");
}

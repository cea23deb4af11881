#include "cli/store.h"

#include <stdio.h>

int gb_store_check(const char *path, gb_error *err) {
    gb_store *store = NULL;
    const int rc = path ? gb_store_open(path, GB_STORE_WRITE, &store, err) : GB_OK;
    gb_store_close(store);
    return rc;
}

int gb_store_results(const char *path, const gb_results *results, gb_error *err) {
    gb_store *store = NULL;
    size_t added = 0;
    if (!path) return GB_OK;
    int rc = gb_store_open(path, GB_STORE_WRITE, &store, err);
    if (!rc) rc = gb_store_add(store, results, &added, err);
    if (!rc) fprintf(stderr, "stored %zu of %zu results in %s\n", added, results->count, gb_store_path(store));
    gb_store_close(store);
    return rc;
}

int gb_store_json(const char *path, const cJSON *json, gb_error *err) {
    gb_results all = {0};
    int rc = GB_OK;
    if (!path) return GB_OK;
    for (const cJSON *o = cJSON_IsArray(json) ? json->child : json; !rc && o;
         o = cJSON_IsArray(json) ? o->next : NULL) {
        cJSON *copy = cJSON_Duplicate(o, 1);
        rc = copy ? gb_results_take(&all, copy, NULL, "new result", err) : gb_fail(err, GB_ESYSTEM, "out of memory");
    }
    if (!rc) rc = gb_store_results(path, &all, err);
    gb_results_free(&all);
    return rc;
}

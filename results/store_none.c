/* The store of a program that was built without SQLite: it says so. */
#include "results/store.h"

#ifndef GB_HAVE_SQLITE

static int not_built(gb_error *err) {
    return gb_fail(err, GB_EINPUT,
                   "built without SQLite: there is no store (install libsqlite3-dev and configure again)");
}

int gb_store_built(void) {
    return 0;
}

int gb_store_open(const char *path, gb_store_mode mode, gb_store **out, gb_error *err) {
    (void)path;
    (void)mode;
    *out = NULL;
    return not_built(err);
}

void gb_store_close(gb_store *store) {
    (void)store;
}

const char *gb_store_path(const gb_store *store) {
    (void)store;
    return "";
}

int gb_store_add(gb_store *store, const gb_results *results, size_t *added, gb_error *err) {
    (void)store;
    (void)results;
    *added = 0;
    return not_built(err);
}

int gb_store_select(gb_store *store, const gb_query *query, gb_results *out, gb_error *err) {
    (void)store;
    (void)query;
    (void)out;
    return not_built(err);
}

int gb_store_set_baseline(gb_store *store, const gb_results *results, gb_error *err) {
    (void)store;
    (void)results;
    return not_built(err);
}

int gb_store_baseline(gb_store *store, const char *fingerprint, gb_results *out, gb_error *err) {
    (void)store;
    (void)fingerprint;
    (void)out;
    return not_built(err);
}

#endif

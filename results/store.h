/* The store: all results of a user in one SQLite file, by default $XDG_DATA_HOME/gaugeblock/results.db. Any SQLite
 * program can read it; its tables are described in results/README.md. */
#ifndef GB_RESULTS_STORE_H
#define GB_RESULTS_STORE_H

#include <stddef.h>

#include "harness/error.h"
#include "results/results.h"

enum { GB_STORE_SCHEMA = 2 };

typedef struct gb_store gb_store;

/* 1 if this program was built with SQLite; without it every function below fails and says so. */
int gb_store_built(void);

/* $XDG_DATA_HOME, which must be absolute to count, or ~/.local/share. GB_EINPUT if neither is known. */
int gb_store_default_path(char *path, size_t size, gb_error *err);

typedef enum gb_store_mode {
    GB_STORE_READ,  /* must exist */
    GB_STORE_WRITE, /* made if it is not there, its folder too */
} gb_store_mode;

/* path NULL or "": the default. A store of an older schema is brought up to date, one of a newer schema is refused.
 * GB_EINPUT: not there, not a store, damaged, not allowed; GB_ESYSTEM: locked for 5 s, disk full, I/O error. */
int gb_store_open(const char *path, gb_store_mode mode, gb_store **out, gb_error *err);
void gb_store_close(gb_store *store);
const char *gb_store_path(const gb_store *store);

/* All or nothing. A result that is there already is not added again; *added counts those that were. */
int gb_store_add(gb_store *store, const gb_results *results, size_t *added, gb_error *err);

/* NULL: any. */
typedef struct gb_query {
    const char *commit, *machine; /* how they begin */
    const char *kind, *program, *version;
    const char *run;           /* an id, or "last": that of the newest result */
    const char *since, *until; /* ISO 8601, as far as given: "2026-11" */
} gb_query;

/* Adds what matches to *out, oldest first. */
int gb_store_select(gb_store *store, const gb_query *query, gb_results *out, gb_error *err);

/* Adds the results, and makes each the baseline of its key on its machine. */
int gb_store_set_baseline(gb_store *store, const gb_results *results, gb_error *err);
/* The baselines of the machine of this fingerprint; NULL: of all machines. */
int gb_store_baseline(gb_store *store, const char *fingerprint, gb_results *out, gb_error *err);

#endif

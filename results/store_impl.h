/* Shared by the files of the store; nobody else includes it. */
#ifndef GB_RESULTS_STORE_IMPL_H
#define GB_RESULTS_STORE_IMPL_H

#include "results/store.h"

#ifdef GB_HAVE_SQLITE

#include <sqlite3.h>

struct gb_store {
    sqlite3 *db;
    char path[4096];
};

/* SQLite's last error as ours, with the store's path. */
int gb_store_fail(const gb_store *s, gb_error *err);
int gb_store_execute(gb_store *s, const char *sql, gb_error *err);
/* Ends what `BEGIN` began: by COMMIT if all went well, else by ROLLBACK, which leaves *err alone. */
int gb_store_finish(gb_store *s, int rc, gb_error *err);

int gb_store_prepare(gb_store *s, const char *sql, sqlite3_stmt **out, gb_error *err);
/* NULL: SQL's NULL. */
void gb_store_bind_text(sqlite3_stmt *q, int index, const char *text);
/* Runs a statement that gives no rows, and readies it for the next time. */
int gb_store_run(gb_store *s, sqlite3_stmt *q, gb_error *err);

/* Now, UTC, ISO 8601. */
void gb_store_now(char text[32]);

#endif
#endif

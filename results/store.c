/* The store in SQLite: its file, its schema, its errors. store_rows.c has what is in it. */
#include "results/store_impl.h"

#ifdef GB_HAVE_SQLITE

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "harness/alloc.h"
#include "harness/provenance.h"

enum { BUSY_MS = 5000 };

/* Step i brings a store of schema i to schema i + 1. A step that has been released never changes. */
static const char *const migrations[GB_STORE_SCHEMA] = {
    "CREATE TABLE schema_version (version INTEGER NOT NULL, program TEXT NOT NULL, applied TEXT NOT NULL);"
    "CREATE TABLE machine (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, cpu_model TEXT NOT NULL);"
    "CREATE TABLE record (id INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,"
    " name TEXT NOT NULL, key TEXT NOT NULL, program TEXT NOT NULL, version TEXT NOT NULL, commit_id TEXT NOT NULL,"
    " run TEXT NOT NULL, started TEXT NOT NULL, verdict TEXT NOT NULL,"
    " machine INTEGER NOT NULL REFERENCES machine(id), stored TEXT NOT NULL, json TEXT NOT NULL);"
    "CREATE INDEX record_by_key ON record (key, started);"
    "CREATE INDEX record_by_commit ON record (commit_id);"
    "CREATE INDEX record_by_run ON record (run);"
    "CREATE TABLE metric (record INTEGER NOT NULL REFERENCES record(id) ON DELETE CASCADE, name TEXT NOT NULL,"
    " unit TEXT NOT NULL, value REAL, low REAL, high REAL, n INTEGER NOT NULL, PRIMARY KEY (record, name))"
    " WITHOUT ROWID;",
    "CREATE TABLE baseline (machine INTEGER NOT NULL REFERENCES machine(id), key TEXT NOT NULL,"
    " record INTEGER NOT NULL REFERENCES record(id) ON DELETE CASCADE, PRIMARY KEY (machine, key)) WITHOUT ROWID;"};

/* --- errors ---------------------------------------------------------------------------------------------------------
 */

static int fail_with(const gb_store *s, int code, gb_error *err) {
    const char *path = s->path;
    const char *detail = s->db ? sqlite3_errmsg(s->db) : sqlite3_errstr(code);
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return gb_fail(err, GB_ESYSTEM, "%s: another process has kept the store locked for %d s", path, BUSY_MS / 1000);
    case SQLITE_NOTADB:
        return gb_fail(err, GB_EINPUT, "%s: not an SQLite database, or damaged from its first page on", path);
    case SQLITE_CORRUPT:
        return gb_fail(err, GB_EINPUT, "%s: the store is damaged (%s); 'sqlite3 FILE .recover' may save results", path,
                       detail);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return gb_fail(err, GB_EINPUT, "%s: the store is write-protected (%s)", path, detail);
    case SQLITE_CANTOPEN:
        return gb_fail(err, GB_EINPUT, "%s: the store cannot be opened (%s)", path, detail);
    case SQLITE_FULL:
        return gb_fail(err, GB_ESYSTEM, "%s: no room left for the store", path);
    case SQLITE_NOMEM:
        return gb_fail(err, GB_ESYSTEM, "%s: out of memory", path);
    default:
        return gb_fail(err, GB_ESYSTEM, "%s: SQLite: %s", path, detail);
    }
}

int gb_store_fail(const gb_store *s, gb_error *err) {
    return fail_with(s, sqlite3_extended_errcode(s->db), err);
}

int gb_store_execute(gb_store *s, const char *sql, gb_error *err) {
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? GB_OK : gb_store_fail(s, err);
}

/* Ends what `BEGIN` began: by COMMIT if all went well, else by ROLLBACK, which leaves *err alone. */
int gb_store_finish(gb_store *s, int rc, gb_error *err) {
    if (!rc) rc = gb_store_execute(s, "COMMIT", err);
    if (rc) (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

/* --- statements: values go in by binding only ------------------------------------------------------------------------
 */

int gb_store_prepare(gb_store *s, const char *sql, sqlite3_stmt **out, gb_error *err) {
    return sqlite3_prepare_v2(s->db, sql, -1, out, NULL) == SQLITE_OK ? GB_OK : gb_store_fail(s, err);
}

void gb_store_bind_text(sqlite3_stmt *q, int index, const char *text) {
    if (text)
        (void)sqlite3_bind_text(q, index, text, -1, SQLITE_TRANSIENT);
    else
        (void)sqlite3_bind_null(q, index);
}

/* Runs a statement that gives no rows, and readies it for the next time. */
int gb_store_run(gb_store *s, sqlite3_stmt *q, gb_error *err) {
    const int code = sqlite3_step(q);
    const int rc = code == SQLITE_DONE || code == SQLITE_ROW ? GB_OK : gb_store_fail(s, err);
    (void)sqlite3_reset(q);
    return rc;
}

/* The whole number that a query gives; -1 if it gives none. */
static int read_number(gb_store *s, const char *sql, sqlite3_int64 *out, gb_error *err) {
    sqlite3_stmt *q = NULL;
    int rc = gb_store_prepare(s, sql, &q, err);
    if (rc) return rc;
    const int code = sqlite3_step(q);
    *out = code == SQLITE_ROW ? sqlite3_column_int64(q, 0) : -1;
    if (code != SQLITE_ROW && code != SQLITE_DONE) rc = gb_store_fail(s, err);
    (void)sqlite3_finalize(q);
    return rc;
}

void gb_store_now(char text[32]) {
    const time_t now = time(NULL);
    struct tm utc;
    text[0] = 0;
    if (gmtime_r(&now, &utc)) (void)strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

/* --- schema ---------------------------------------------------------------------------------------------------------
 */

static int note_version(gb_store *s, int version, gb_error *err) {
    char now[32];
    sqlite3_stmt *q = NULL;
    gb_store_now(now);
    int rc = gb_store_prepare(s, "INSERT INTO schema_version (version, program, applied) VALUES (?1, ?2, ?3)", &q, err);
    if (rc) return rc;
    (void)sqlite3_bind_int(q, 1, version);
    gb_store_bind_text(q, 2, gb_build.version);
    gb_store_bind_text(q, 3, now);
    rc = gb_store_run(s, q, err);
    (void)sqlite3_finalize(q);
    return rc;
}

/* Two processes may come here at once: the version is read again inside the transaction. */
static int migrate(gb_store *s, gb_error *err) {
    sqlite3_int64 tables = 0;
    sqlite3_int64 version = 0;
    int rc = gb_store_execute(s, "BEGIN IMMEDIATE", err);
    if (rc) return rc;
    rc = read_number(s, "SELECT count(*) FROM sqlite_master", &tables, err);
    if (!rc && tables) rc = read_number(s, "SELECT max(version) FROM schema_version", &version, err);
    if (!rc && version < 0) rc = gb_fail(err, GB_EINPUT, "the store's schema version is negative: not a store of ours");
    for (size_t v = (size_t)version; !rc && v < GB_STORE_SCHEMA; v++) {
        rc = gb_store_execute(s, migrations[v], err);
        if (!rc) rc = note_version(s, (int)v + 1, err);
    }
    return gb_store_finish(s, rc, err);
}

static int check_schema(gb_store *s, gb_store_mode mode, gb_error *err) {
    sqlite3_int64 tables = 0;
    sqlite3_int64 ours = 0;
    sqlite3_int64 version = 0;
    int rc = read_number(s, "SELECT count(*) FROM sqlite_master", &tables, err);
    if (rc) return rc;
    if (!tables && mode == GB_STORE_READ) return gb_fail(err, GB_EINPUT, "%s: an empty file, not a store", s->path);
    if (tables) {
        rc = read_number(s,
                         "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN "
                         "('schema_version', 'machine', 'record', 'metric')",
                         &ours, err);
        if (!rc && ours != 4)
            rc = gb_fail(err, GB_EINPUT, "%s: an SQLite database, but not a store of gaugeblock", s->path);
        if (!rc) rc = read_number(s, "SELECT max(version) FROM schema_version", &version, err);
        if (rc) return rc;
    }
    if (version > GB_STORE_SCHEMA)
        return gb_fail(err, GB_EINPUT, "%s: a store of schema %lld, made by a newer gaugeblock; this one knows %d",
                       s->path, (long long)version, GB_STORE_SCHEMA);
    if (tables && version < 1) return gb_fail(err, GB_EINPUT, "%s: the store does not say its schema", s->path);
    return version < GB_STORE_SCHEMA ? migrate(s, err) : GB_OK;
}

/* --- opening --------------------------------------------------------------------------------------------------------
 */

int gb_store_built(void) {
    return 1;
}

/* Every missing folder above the file, for this user alone. */
static int make_folders(const char *path, gb_error *err) {
    char folder[4096];
    (void)snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return gb_fail(err, GB_EINPUT, "%s: the store's folder cannot be made: %s", folder, strerror(errno));
        *slash = '/';
    }
    return GB_OK;
}

static int open_database(gb_store *s, gb_store_mode mode, gb_error *err) {
    struct stat there;
    const int exists = stat(s->path, &there) == 0;
    if (!exists && mode == GB_STORE_READ)
        return gb_fail(err, GB_EINPUT, "%s: no store there yet; 'bench --store', 'e2e --store' or 'import' make one",
                       s->path);
    if (exists && !S_ISREG(there.st_mode)) return gb_fail(err, GB_EINPUT, "%s: not a regular file", s->path);
    const int rc = exists ? GB_OK : make_folders(s->path, err);
    if (rc) return rc;
    const int flags = SQLITE_OPEN_READWRITE | (mode == GB_STORE_WRITE ? SQLITE_OPEN_CREATE : 0);
    const int code = sqlite3_open_v2(s->path, &s->db, flags, NULL);
    if (code != SQLITE_OK) return fail_with(s, code, err);
    (void)sqlite3_extended_result_codes(s->db, 1);
    (void)sqlite3_busy_timeout(s->db, BUSY_MS);
    /* a file from elsewhere may hold triggers and views that call functions: they must not run for us */
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    return gb_store_execute(s, "PRAGMA foreign_keys = ON", err);
}

int gb_store_open(const char *path, gb_store_mode mode, gb_store **out, gb_error *err) {
    *out = NULL;
    gb_store *s = gb_new(1, sizeof *s, "store", err);
    if (!s) return GB_ESYSTEM;
    int rc = GB_OK;
    if (!path || !path[0])
        rc = gb_store_default_path(s->path, sizeof s->path, err);
    else if (strlen(path) >= sizeof s->path)
        rc = gb_fail(err, GB_EINPUT, "the path of the store is too long");
    else
        (void)snprintf(s->path, sizeof s->path, "%s", path);
    if (!rc) rc = open_database(s, mode, err);
    if (!rc) rc = check_schema(s, mode, err);
    if (rc) {
        gb_store_close(s);
        return rc;
    }
    *out = s;
    return GB_OK;
}

void gb_store_close(gb_store *store) {
    if (!store) return;
    (void)sqlite3_close(store->db);
    free(store);
}

const char *gb_store_path(const gb_store *store) {
    return store->path;
}

#endif

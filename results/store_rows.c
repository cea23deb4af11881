/* What goes into the store and comes out of it. Values reach SQL by binding only. */
#include "results/store_impl.h"

#ifdef GB_HAVE_SQLITE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "results/identity.h"
#include "results/json.h"

static void bind_number(sqlite3_stmt *q, int index, double v) {
    if (isfinite(v))
        (void)sqlite3_bind_double(q, index, v);
    else
        (void)sqlite3_bind_null(q, index);
}

/* --- adding ---------------------------------------------------------------------------------------------------------
 */

typedef struct adding {
    gb_store *s;
    char now[32]; /* one for all: they came together */
    sqlite3_stmt *machine, *record, *metric, *baseline;
} adding;

static int begin_adding(gb_store *s, adding *a, gb_error *err) {
    *a = (adding){.s = s};
    gb_store_now(a->now);
    int rc = gb_store_prepare(s, "INSERT INTO machine (fingerprint, cpu_model) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                              &a->machine, err);
    if (!rc)
        rc = gb_store_prepare(
            s,
            "INSERT INTO record (digest, kind, name, key, program, version, commit_id, run, started, verdict,"
            " machine, stored, json) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
            " (SELECT id FROM machine WHERE fingerprint = ?11), ?12, ?13) ON CONFLICT DO NOTHING",
            &a->record, err);
    if (!rc)
        rc = gb_store_prepare(s,
                              "INSERT INTO metric (record, name, unit, value, low, high, n)"
                              " SELECT id, ?2, ?3, ?4, ?5, ?6, ?7 FROM record WHERE digest = ?1",
                              &a->metric, err);
    if (!rc)
        rc = gb_store_prepare(
            s,
            "INSERT INTO baseline (machine, key, record) SELECT machine, key, id FROM record WHERE digest = ?1"
            " ON CONFLICT DO UPDATE SET record = excluded.record",
            &a->baseline, err);
    return rc;
}

static void end_adding(adding *a) {
    (void)sqlite3_finalize(a->machine);
    (void)sqlite3_finalize(a->record);
    (void)sqlite3_finalize(a->metric);
    (void)sqlite3_finalize(a->baseline);
}

static int add_metrics(adding *a, const gb_result *r, const char *digest, gb_error *err) {
    int rc = GB_OK;
    const cJSON *metric = NULL;
    cJSON_ArrayForEach(metric, gb_json_at(r->json, "metrics")) {
        gb_measured m;
        if (rc || !gb_result_metric(r, metric->string, &m)) continue;
        gb_store_bind_text(a->metric, 1, digest);
        gb_store_bind_text(a->metric, 2, metric->string);
        gb_store_bind_text(a->metric, 3, m.unit);
        bind_number(a->metric, 4, m.median);
        bind_number(a->metric, 5, m.low);
        bind_number(a->metric, 6, m.high);
        (void)sqlite3_bind_int64(a->metric, 7, (sqlite3_int64)m.n);
        rc = gb_store_run(a->s, a->metric, err);
    }
    return rc;
}

static void digest_of(const gb_result *r, char digest[33]) {
    const XXH128_hash_t h = XXH3_128bits(r->text, strlen(r->text));
    (void)snprintf(digest, 33, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
}

static int add_record(adding *a, const gb_result *r, const char *digest, const char *fingerprint, gb_error *err) {
    char *key = gb_result_key(r, NULL, err);
    if (!key) return GB_ESYSTEM;
    const char *values[] = {digest,
                            gb_result_own(r, "kind"),
                            gb_result_own(r, "name"),
                            key,
                            gb_result_program(r),
                            gb_result_text(r, "provenance", "version"),
                            gb_result_text(r, "provenance", "commit"),
                            gb_result_text(r, "run", "id"),
                            gb_result_text(r, "run", "started"),
                            gb_result_text(r, "verify", "verdict"),
                            fingerprint,
                            a->now,
                            r->text};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) gb_store_bind_text(a->record, (int)i + 1, values[i]);
    const int rc = gb_store_run(a->s, a->record, err);
    free(key);
    return rc;
}

static int add_one(adding *a, const gb_result *r, bool baseline, size_t *added, gb_error *err) {
    char digest[33];
    char fingerprint[33];
    digest_of(r, digest);
    gb_result_fingerprint(r, fingerprint);
    gb_store_bind_text(a->machine, 1, fingerprint);
    gb_store_bind_text(a->machine, 2, gb_result_text(r, "machine", "cpu_model"));
    int rc = gb_store_run(a->s, a->machine, err);
    if (!rc) rc = add_record(a, r, digest, fingerprint, err);
    if (!rc && sqlite3_changes(a->s->db) > 0) {
        ++*added;
        rc = add_metrics(a, r, digest, err);
    }
    if (!rc && baseline) {
        gb_store_bind_text(a->baseline, 1, digest);
        rc = gb_store_run(a->s, a->baseline, err);
    }
    return rc;
}

static int add_all(gb_store *s, const gb_results *results, bool baseline, size_t *added, gb_error *err) {
    adding a;
    *added = 0;
    int rc = gb_store_execute(s, "BEGIN IMMEDIATE", err);
    if (rc) return rc;
    rc = begin_adding(s, &a, err);
    for (size_t i = 0; !rc && i < results->count; i++) rc = add_one(&a, &results->of[i], baseline, added, err);
    end_adding(&a);
    return gb_store_finish(s, rc, err);
}

int gb_store_add(gb_store *store, const gb_results *results, size_t *added, gb_error *err) {
    return add_all(store, results, false, added, err);
}

int gb_store_set_baseline(gb_store *store, const gb_results *results, gb_error *err) {
    size_t added = 0;
    return add_all(store, results, true, &added, err);
}

/* --- reading --------------------------------------------------------------------------------------------------------
 */

/* All rows' JSON; what is no record (any more) is named by its row. */
static int collect(gb_store *s, sqlite3_stmt *q, gb_results *out, gb_error *err) {
    int code = SQLITE_OK;
    int rc = GB_OK;
    while (!rc && (code = sqlite3_step(q)) == SQLITE_ROW) {
        char where[512];
        const char *text = (const char *)sqlite3_column_text(q, 0);
        (void)snprintf(where, sizeof where, "%.400s: record %lld", s->path, (long long)sqlite3_column_int64(q, 1));
        cJSON *json = text ? cJSON_Parse(text) : NULL;
        rc = json ? gb_results_take(out, json, text, where, err) : gb_fail(err, GB_EINPUT, "%s: not JSON", where);
    }
    if (!rc && code != SQLITE_DONE) rc = gb_store_fail(s, err);
    return rc;
}

int gb_store_select(gb_store *store, const gb_query *query, gb_results *out, gb_error *err) {
    sqlite3_stmt *q = NULL;
    int rc =
        gb_store_prepare(store,
                         "SELECT json, record.id FROM record JOIN machine ON machine.id = record.machine WHERE"
                         " (?1 IS NULL OR substr(commit_id, 1, length(?1)) = ?1)"
                         " AND (?2 IS NULL OR substr(fingerprint, 1, length(?2)) = ?2)"
                         " AND (?3 IS NULL OR kind = ?3) AND (?4 IS NULL OR program = ?4)"
                         " AND (?5 IS NULL OR version = ?5)"
                         /* other programs' results bear no run: what came with one import is one */
                         " AND (?6 IS NULL OR run = ?6 OR (?6 = 'last' AND (run, CASE run WHEN '' THEN stored END) IS"
                         "  (SELECT run, CASE run WHEN '' THEN stored END FROM record"
                         "   ORDER BY started DESC, id DESC LIMIT 1)))"
                         " AND (?7 IS NULL OR started >= ?7) AND (?8 IS NULL OR substr(started, 1, length(?8)) <= ?8)"
                         " ORDER BY started, record.id",
                         &q, err);
    if (rc) return rc;
    const char *values[] = {query->commit,  query->machine, query->kind,  query->program,
                            query->version, query->run,     query->since, query->until};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) gb_store_bind_text(q, (int)i + 1, values[i]);
    rc = collect(store, q, out, err);
    (void)sqlite3_finalize(q);
    return rc;
}

int gb_store_baseline(gb_store *store, const char *fingerprint, gb_results *out, gb_error *err) {
    sqlite3_stmt *q = NULL;
    int rc = gb_store_prepare(store,
                              "SELECT json, record.id FROM baseline JOIN record ON record.id = baseline.record"
                              " JOIN machine ON machine.id = baseline.machine WHERE ?1 IS NULL OR fingerprint = ?1"
                              " ORDER BY baseline.key",
                              &q, err);
    if (rc) return rc;
    gb_store_bind_text(q, 1, fingerprint);
    rc = collect(store, q, out, err);
    (void)sqlite3_finalize(q);
    return rc;
}

#endif

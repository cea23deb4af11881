/* The store: results lost, doubled or mixed up, a text that becomes SQL, a file that is no store (any more) taken for
 * one, an older store that is not brought up to date. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "results/identity.h"
#include "results/store.h"
#include "tests/support/image.h"
#include "tests/support/root.h"
#include "tests/support/sample.h"
#include "tests/support/suite.h"

/* --- where ----------------------------------------------------------------------------------------------------------
 */

START_TEST(default_path) {
    char path[256];
    gb_error err = {0};
    setenv("HOME", "/home/x", 1);
    setenv("XDG_DATA_HOME", "/data", 1);
    ck_assert_int_eq(gb_store_default_path(path, sizeof path, &err), GB_OK);
    ck_assert_str_eq(path, "/data/gaugeblock/results.db");
    setenv("XDG_DATA_HOME", "relative", 1); /* the specification says: ignore */
    ck_assert_int_eq(gb_store_default_path(path, sizeof path, &err), GB_OK);
    ck_assert_str_eq(path, "/home/x/.local/share/gaugeblock/results.db");
    unsetenv("XDG_DATA_HOME");
    ck_assert_int_eq(gb_store_default_path(path, 20, &err), GB_EINPUT);
    unsetenv("HOME");
    ck_assert_int_eq(gb_store_default_path(path, sizeof path, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "XDG_DATA_HOME"));
}
END_TEST

#ifdef GB_HAVE_SQLITE

#include <sqlite3.h>

static gb_store *open_ok(const char *path, gb_store_mode mode) {
    gb_store *s = NULL;
    gb_error err = {0};
    ck_assert_msg(gb_store_open(path, mode, &s, &err) == GB_OK, "%s", err.text);
    return s;
}

static void refuse(const char *path, gb_store_mode mode, const char *says) {
    gb_store *s = NULL;
    gb_error err = {0};
    ck_assert_msg(gb_store_open(path, mode, &s, &err) != GB_OK, "%s was opened", path);
    ck_assert_ptr_null(s);
    ck_assert_msg(strstr(err.text, path) && strstr(err.text, says), "no '%s' in: %s", says, err.text);
}

/* SQL from outside, as another program would. */
static void sql(const char *path, const char *text) {
    sqlite3 *db = NULL;
    char *message = NULL;
    ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
    ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &message) == SQLITE_OK, "%s", message);
    sqlite3_close(db);
}

static size_t count(gb_store *s, const gb_query *q) {
    gb_results found = {0};
    gb_error err = {0};
    ck_assert_msg(gb_store_select(s, q, &found, &err) == GB_OK, "%s", err.text);
    const size_t n = found.count;
    gb_results_free(&found);
    return n;
}

static const double ns[] = {3, 1, 2, 5, 4, 6};

/* Five records: two machines, three commits, one from llama-bench. */
static gb_results five(void) {
    gb_results all = {0};
    gb_error err = {0};
    sample_add(&all,
               &(sample_record){.ns = ns, .n = 6, .commit = "abc1", .started = "2026-03-01T00:00:00Z", .run = "r1"});
    sample_add(&all,
               &(sample_record){.ns = ns, .n = 6, .commit = "abc2", .started = "2026-02-01T00:00:00Z", .run = "r2"});
    sample_add(&all, &(sample_record){.ns = ns,
                                      .n = 6,
                                      .commit = "def",
                                      .started = "2026-04-01T00:00:00Z",
                                      .run = "r3",
                                      .cpu_model = "Another CPU"});
    ck_assert_int_eq(gb_results_read(&all, sample_path("llama-bench.json"), &err), GB_OK);
    ck_assert_uint_eq(all.count, 5);
    return all;
}

/* A store that holds them, open for writing. */
static gb_store *store_of(const gb_results *all, const char *path) {
    gb_error err = {0};
    size_t added = 0;
    gb_store *s = open_ok(path, GB_STORE_WRITE);
    ck_assert_msg(gb_store_add(s, all, &added, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(added, all->count);
    return s;
}

START_TEST(round_trip) {
    gb_results all = five();
    gb_results found = {0};
    gb_error err = {0};
    size_t added = 0;
    const char *path = scratch("deep/down/results.db"); /* folders are made, for the user alone */
    gb_store *s = open_ok(path, GB_STORE_WRITE);
    struct stat st;
    char folder[4096];
    (void)snprintf(folder, sizeof folder, "%s", path);
    *strrchr(folder, '/') = 0;
    ck_assert(stat(folder, &st) == 0 && (st.st_mode & 0777) == 0700);
    ck_assert_msg(gb_store_add(s, &all, &added, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(added, 5);
    ck_assert_int_eq(gb_store_add(s, &all, &added, &err), GB_OK); /* the same again */
    ck_assert_uint_eq(added, 0);
    gb_store_close(s);
    s = open_ok(path, GB_STORE_READ);
    ck_assert_int_eq(gb_store_select(s, &(gb_query){0}, &found, &err), GB_OK);
    ck_assert_uint_eq(found.count, 5);
    ck_assert_str_eq(found.of[0].text, all.of[1].text); /* oldest first, every byte */
    ck_assert_str_eq(found.of[1].text, all.of[0].text);
    ck_assert_str_eq(found.of[2].text, all.of[2].text);
    gb_results_free(&found);
    gb_results_free(&all);
    gb_store_close(s);
    ck_assert(remove(path) == 0 && rmdir(folder) == 0 && rmdir(scratch("deep")) == 0);
}
END_TEST

START_TEST(queries) {
    gb_results all = five();
    char machine[33];
    const char *path = scratch("q.db");
    gb_store *s = store_of(&all, path);
    ck_assert_uint_eq(count(s, &(gb_query){.commit = "abc"}), 2);
    ck_assert_uint_eq(count(s, &(gb_query){.commit = "abc2"}), 1);
    ck_assert_uint_eq(count(s, &(gb_query){.commit = "bc"}), 0); /* the beginning, not any part */
    ck_assert_uint_eq(count(s, &(gb_query){.commit = "%"}), 0);
    ck_assert_uint_eq(count(s, &(gb_query){.run = "r3"}), 1);
    ck_assert_uint_eq(count(s, &(gb_query){.run = "last"}), 2); /* llama-bench's two, of November */
    ck_assert_uint_eq(count(s, &(gb_query){.program = "llama-bench"}), 2);
    ck_assert_uint_eq(count(s, &(gb_query){.program = "gaugeblock", .since = "2026-03"}), 2);
    ck_assert_uint_eq(count(s, &(gb_query){.until = "2026-03"}), 2);
    ck_assert_uint_eq(count(s, &(gb_query){.kind = "model"}), 2);
    gb_result_fingerprint(&all.of[2], machine);
    machine[8] = 0;
    ck_assert_uint_eq(count(s, &(gb_query){.machine = machine}), 1);
    /* results without a run that came with another import are another run */
    sql(path, "UPDATE record SET stored = '2026-01-01T00:00:00Z' WHERE id ="
              " (SELECT id FROM record WHERE run = '' ORDER BY started LIMIT 1)");
    ck_assert_uint_eq(count(s, &(gb_query){.run = "last"}), 1);
    gb_results_free(&all);
    gb_store_close(s);
}
END_TEST

/* Quotes and semicolons are text like any other. */
START_TEST(text_is_not_sql) {
    const char *evil = "x'); DROP TABLE record; --";
    gb_results all = {0};
    sample_add(&all,
               &(sample_record){.ns = ns, .n = 6, .name = evil, .commit = evil, .started = evil, .cpu_model = evil});
    gb_store *s = store_of(&all, scratch("i.db"));
    ck_assert_uint_eq(count(s, &(gb_query){.commit = evil}), 1);
    ck_assert_uint_eq(count(s, &(gb_query){.commit = "' OR 1=1 --"}), 0);
    gb_results_free(&all);
    gb_store_close(s);
}
END_TEST

/* A baseline per key and machine; the latest that was set. */
START_TEST(baselines) {
    gb_results all = {0};
    gb_results found = {0};
    gb_error err = {0};
    char fingerprint[33];
    gb_store *s = open_ok(scratch("b.db"), GB_STORE_WRITE);
    sample_add(&all, &(sample_record){.ns = ns, .n = 6, .run = "r1"});
    sample_add(&all, &(sample_record){.ns = ns, .n = 6, .run = "r1", .isa = "scalar", .name = "gb_q4_K_dot_scalar"});
    sample_add(&all, &(sample_record){.ns = ns, .n = 6, .cpu_model = "Another CPU"});
    ck_assert_msg(gb_store_set_baseline(s, &all, &err) == GB_OK, "%s", err.text);
    gb_result_fingerprint(&all.of[0], fingerprint);
    ck_assert_int_eq(gb_store_baseline(s, fingerprint, &found, &err), GB_OK);
    ck_assert_uint_eq(found.count, 2);
    gb_results_free(&found);
    gb_results newer = {0};
    sample_add(&newer, &(sample_record){.ns = ns, .n = 5, .run = "r2"});
    ck_assert_int_eq(gb_store_set_baseline(s, &newer, &err), GB_OK);
    ck_assert_int_eq(gb_store_baseline(s, fingerprint, &found, &err), GB_OK);
    ck_assert_uint_eq(found.count, 2);
    ck_assert_str_eq(found.of[0].text, newer.of[0].text);
    gb_results_free(&found);
    ck_assert_int_eq(gb_store_baseline(s, NULL, &found, &err), GB_OK);
    ck_assert_uint_eq(found.count, 3);
    ck_assert_uint_eq(count(s, &(gb_query){0}), 4); /* what is no baseline any more stays in the history */
    gb_results_free(&found);
    gb_results_free(&all);
    gb_results_free(&newer);
    gb_store_close(s);
}
END_TEST

/* One bad record, and none of its batch is there. */
START_TEST(all_or_nothing) {
    gb_results all = five();
    gb_error err = {0};
    size_t added = 0;
    const char *path = scratch("a.db");
    gb_store *s = open_ok(path, GB_STORE_WRITE);
    sql(path, "CREATE UNIQUE INDEX no_doubles ON record (run) WHERE run = ''"); /* llama-bench's two have no run */
    ck_assert_int_eq(gb_store_add(s, &all, &added, &err), GB_OK);
    ck_assert_uint_eq(added, 4);
    sql(path, "DELETE FROM record; ALTER TABLE metric RENAME COLUMN unit TO units");
    ck_assert_int_eq(gb_store_add(s, &all, &added, &err), GB_ESYSTEM);
    ck_assert_ptr_nonnull(strstr(err.text, "unit"));
    ck_assert_uint_eq(count(s, &(gb_query){0}), 0);
    gb_results_free(&all);
    gb_store_close(s);
}
END_TEST

/* --- files that are not what they should be --------------------------------------------------------------------------
 */

START_TEST(older_schema) {
    gb_results all = five();
    gb_error err = {0};
    const char *path = scratch("old.db");
    gb_store *s = store_of(&all, path);
    gb_store_close(s);
    sql(path, "DROP TABLE baseline; DELETE FROM schema_version WHERE version > 1"); /* as schema 1 was */
    s = open_ok(path, GB_STORE_READ);
    ck_assert_msg(gb_store_set_baseline(s, &all, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(count(s, &(gb_query){0}), 5);
    gb_store_close(s);
    gb_results_free(&all);
}
END_TEST

START_TEST(wrong_files) {
    const char *path = scratch("wrong.db");
    refuse(path, GB_STORE_READ, "no store there yet");
    ck_assert_int_ne(access(path, F_OK), 0);
    FILE *out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(fclose(out), 0);
    refuse(path, GB_STORE_READ, "an empty file");
    out = fopen(path, "w");
    ck_assert_ptr_nonnull(out);
    for (int i = 0; i < 1000; i++) fputs("this is a diary, not a database\n", out);
    ck_assert_int_eq(fclose(out), 0);
    refuse(path, GB_STORE_WRITE, "not an SQLite database");
    refuse(scratch("."), GB_STORE_WRITE, "not a regular file");
    path = scratch("other.db");
    sql(path, "CREATE TABLE holidays (day TEXT)");
    refuse(path, GB_STORE_WRITE, "not a store of gaugeblock");
    path = scratch("newer.db");
    gb_store_close(open_ok(path, GB_STORE_WRITE));
    sql(path, "INSERT INTO schema_version VALUES (99, '9.9', '')");
    refuse(path, GB_STORE_READ, "schema 99, made by a newer gaugeblock");
    sql(path, "DELETE FROM schema_version");
    refuse(path, GB_STORE_READ, "does not say its schema");
}
END_TEST

/* Pages in the middle are overwritten: found when they are read. */
START_TEST(damaged_pages) {
    gb_results all = five();
    gb_results found = {0};
    gb_error err = {0};
    const char *path = scratch("damaged.db");
    gb_store *s = store_of(&all, path);
    gb_store_close(s);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    FILE *file = fopen(path, "r+");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 3 * 4096, SEEK_SET), 0); /* the tables' pages; the schema on page 1 stays whole */
    for (long i = 3 * 4096; i < st.st_size; i++) fputc(0x5a, file);
    ck_assert_int_eq(fclose(file), 0);
    int rc = gb_store_open(path, GB_STORE_READ, &s, &err);
    if (!rc) {
        rc = gb_store_select(s, &(gb_query){0}, &found, &err);
        gb_store_close(s);
    }
    ck_assert_int_eq(rc, GB_EINPUT);
    ck_assert_msg(strstr(err.text, "the store is damaged") && strstr(err.text, path), "%s", err.text);
    gb_results_free(&found);
    gb_results_free(&all);
}
END_TEST

/* A record that someone edited into nonsense is named by its row. */
START_TEST(damaged_record) {
    gb_results all = five();
    gb_results found = {0};
    gb_error err = {0};
    const char *path = scratch("edited.db");
    gb_store *s = store_of(&all, path);
    sql(path, "UPDATE record SET json = '{\"schema\":1}' WHERE id = 2");
    ck_assert_int_eq(gb_store_select(s, &(gb_query){0}, &found, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "record 2: not a result record"));
    gb_results_free(&found);
    gb_results_free(&all);
    gb_store_close(s);
}
END_TEST

START_TEST(write_protected) {
    gb_results all = five();
    gb_error err = {0};
    size_t added = 0;
    const char *path = scratch("protected.db");
    gb_store_close(open_ok(path, GB_STORE_WRITE));
    ck_assert_int_eq(chmod(path, 0444), 0);
    ck_assert_int_eq(chmod(scratch("."), 0555), 0);
    obey_permissions();
    gb_store *s = open_ok(path, GB_STORE_READ);
    ck_assert_uint_eq(count(s, &(gb_query){0}), 0);
    ck_assert_int_eq(gb_store_add(s, &all, &added, &err), GB_EINPUT);
    ck_assert_msg(strstr(err.text, "write-protected"), "%s", err.text);
    gb_store_close(s);
    ck_assert_int_eq(gb_store_open(scratch("new/results.db"), GB_STORE_WRITE, &s, &err), GB_EINPUT);
    ck_assert_msg(strstr(err.text, "folder cannot be made"), "%s", err.text);
    ignore_permissions_again();
    ck_assert_int_eq(chmod(scratch("."), 0755), 0);
    gb_results_free(&all);
}
END_TEST

/* Takes the 5 s that are waited for. */
START_TEST(locked) {
    gb_results all = five();
    gb_error err = {0};
    size_t added = 0;
    const char *path = scratch("locked.db");
    gb_store *s = open_ok(path, GB_STORE_WRITE);
    sqlite3 *other = NULL;
    ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(other, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    ck_assert_int_eq(gb_store_add(s, &all, &added, &err), GB_ESYSTEM);
    ck_assert_msg(strstr(err.text, "locked for 5 s"), "%s", err.text);
    sqlite3_close(other);
    ck_assert_int_eq(gb_store_add(s, &all, &added, &err), GB_OK);
    gb_store_close(s);
    gb_results_free(&all);
}
END_TEST

#else

/* Without SQLite: every use of a store says why there is none. */
START_TEST(not_built) {
    gb_store *s = NULL;
    gb_error err = {0};
    ck_assert(!gb_store_built());
    ck_assert_int_eq(gb_store_open(NULL, GB_STORE_READ, &s, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "built without SQLite"));
}
END_TEST

#endif

int main(void) {
    Suite *suite = suite_create("store");
    TCase *tc = tcase_create("store");
    tcase_add_checked_fixture(tc, scratch_enter, scratch_leave);
    tcase_set_timeout(tc, 60);
    tcase_add_test(tc, default_path);
#ifdef GB_HAVE_SQLITE
    tcase_add_test(tc, round_trip);
    tcase_add_test(tc, queries);
    tcase_add_test(tc, text_is_not_sql);
    tcase_add_test(tc, baselines);
    tcase_add_test(tc, all_or_nothing);
    tcase_add_test(tc, older_schema);
    tcase_add_test(tc, wrong_files);
    tcase_add_test(tc, damaged_pages);
    tcase_add_test(tc, damaged_record);
    tcase_add_test(tc, write_protected);
    tcase_add_test(tc, locked);
#else
    tcase_add_test(tc, not_built);
#endif
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}

/* harness/file: a half-written file under its final name, a temporary left behind by an error, a signal or a full disk,
 * a wrong kind of file taken for a regular one. */
#include <check.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/file.h"
#include "tests/support/suite.h"

static char dir[64];
static char path[128];

static void enter(void) {
    (void)snprintf(dir, sizeof dir, "/tmp/gb-test-file-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    (void)snprintf(path, sizeof path, "%s/out.bin", dir);
}

static size_t entries(void) {
    size_t n = 0;
    DIR *d = opendir(dir);
    ck_assert_ptr_nonnull(d);
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.') n++;
    (void)closedir(d);
    return n;
}

static void leave(void) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
    ck_assert_int_eq(system(command), 0);
}

static void ck_content(const char *expected, size_t size) {
    uint8_t *data = NULL;
    size_t n = 0;
    ck_assert_int_eq(gb_read_all(path, 1U << 24, &data, &n, NULL), GB_OK);
    ck_assert_uint_eq(n, size);
    ck_assert_int_eq(memcmp(data, expected, size), 0);
    free(data);
}

/* Nothing stands under the final name before commit; after it the bytes, the padding and nothing else are there. */
START_TEST(appears_when_complete) {
    gb_output *out = NULL;
    ck_assert_int_eq(gb_output_open(path, &out, NULL), GB_OK);
    ck_assert_int_eq(gb_output_write(out, "abc", 3, NULL), GB_OK);
    ck_assert_int_eq(gb_output_pad(out, 8, NULL), GB_OK);
    ck_assert_uint_eq(gb_output_offset(out), 8);
    ck_assert_int_eq(gb_output_pad(out, 8, NULL), GB_OK);
    ck_assert_uint_eq(gb_output_offset(out), 8);
    ck_assert_int_ne(access(path, F_OK), 0);
    ck_assert_int_eq(gb_output_commit(out, NULL), GB_OK);
    ck_content("abc\0\0\0\0\0", 8);
    ck_assert_uint_eq(entries(), 1);
}
END_TEST

/* Writes larger than the buffer, and mixes of small and large ones, arrive in order. */
START_TEST(large_writes_in_order) {
    enum { N = 1000003 };
    char *all = malloc(N);
    ck_assert_ptr_nonnull(all);
    for (size_t i = 0; i < N; i++) all[i] = (char)(i * 7 + i / 251);
    gb_output *out = NULL;
    ck_assert_int_eq(gb_output_open(path, &out, NULL), GB_OK);
    size_t at = 0;
    for (size_t step = 1; at < N; step = step * 3 % 700001 + 1) {
        const size_t n = step < N - at ? step : N - at;
        ck_assert_int_eq(gb_output_write(out, all + at, n, NULL), GB_OK);
        at += n;
    }
    ck_assert_int_eq(gb_output_commit(out, NULL), GB_OK);
    ck_content(all, N);
    free(all);
}
END_TEST

/* Abort keeps the old file and its bytes, and removes the temporary. */
START_TEST(abort_keeps_the_old_file) {
    gb_output *out = NULL;
    ck_assert_int_eq(gb_output_open(path, &out, NULL), GB_OK);
    ck_assert_int_eq(gb_output_write(out, "old", 3, NULL), GB_OK);
    ck_assert_int_eq(gb_output_commit(out, NULL), GB_OK);
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert_int_eq(gb_output_open(path, &out, NULL), GB_OK);
    ck_assert_int_eq(gb_output_write(out, "new", 3, NULL), GB_OK);
    ck_assert_uint_eq(entries(), 2);
    gb_output_abort(out);
    ck_content("old", 3);
    ck_assert_uint_eq(entries(), 1);
    ck_assert_int_eq(gb_output_open(path, &out, NULL), GB_OK);
    ck_assert_int_eq(gb_output_commit(out, NULL), GB_OK);
    ck_content("", 0);
    struct stat st;
    ck_assert_int_eq(stat(path, &st), 0);
    ck_assert_uint_eq(st.st_mode & 07777U, 0640); /* replacing a file keeps its permissions */
    gb_output_abort(NULL);
}
END_TEST

/* A temporary left by a killed process of the same number does not block the next one. */
START_TEST(stale_temporary) {
    char stale[192];
    (void)snprintf(stale, sizeof stale, "%s.tmp.%ld", path, (long)getpid());
    FILE *f = fopen(stale, "w");
    ck_assert_ptr_nonnull(f);
    (void)fclose(f);
    gb_output *out = NULL;
    ck_assert_int_eq(gb_output_open(path, &out, NULL), GB_OK);
    ck_assert_int_eq(gb_output_commit(out, NULL), GB_OK);
    ck_content("", 0);
}
END_TEST

/* A link to a file is written through, as every tool does, and not replaced by a file. */
START_TEST(symbolic_link) {
    char link[192];
    (void)snprintf(link, sizeof link, "%s/link", dir);
    gb_output *out = NULL;
    ck_assert_int_eq(gb_output_open(path, &out, NULL), GB_OK);
    ck_assert_int_eq(gb_output_commit(out, NULL), GB_OK);
    ck_assert_int_eq(symlink("out.bin", link), 0);
    ck_assert_int_eq(gb_output_open(link, &out, NULL), GB_OK);
    ck_assert_int_eq(gb_output_write(out, "x", 1, NULL), GB_OK);
    ck_assert_int_eq(gb_output_commit(out, NULL), GB_OK);
    ck_content("x", 1);
    struct stat st;
    ck_assert_int_eq(lstat(link, &st), 0);
    ck_assert(S_ISLNK(st.st_mode));
}
END_TEST

/* A terminated writer leaves no file and still dies of its signal. */
START_TEST(signal_removes_the_temporary) {
    static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    int ready[2];
    ck_assert_int_eq(pipe(ready), 0);
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        gb_output *out = NULL;
        gb_output *second = NULL;
        (void)signal(numbers[_i], SIG_DFL); /* libcheck has a handler of its own */
        char other[192];
        (void)snprintf(other, sizeof other, "%s/second.bin", dir);
        if (gb_output_open(path, &out, NULL) || gb_output_open(other, &second, NULL) ||
            gb_output_write(out, "half", 4, NULL) || write(ready[1], "r", 1) != 1)
            _exit(9);
        for (;;) (void)pause();
    }
    char byte = 0;
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_uint_eq(entries(), 2);
    ck_assert_int_eq(kill(child, numbers[_i]), 0);
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == numbers[_i]);
    ck_assert_uint_eq(entries(), 0);
}
END_TEST

/* A write that the system refuses (here by a file-size limit) is an error with a message and leaves nothing. */
START_TEST(refused_write) {
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        static char block[1 << 20];
        gb_output *out = NULL;
        gb_error err = {0};
        if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 300000, .rlim_max = 300000}) != 0) _exit(8);
        if (gb_output_open(path, &out, &err) != GB_OK) _exit(7);
        if (gb_output_write(out, block, sizeof block, &err) != GB_ESYSTEM || !strstr(err.text, "out.bin")) _exit(6);
        if (gb_output_write(out, block, 1, &err) == GB_OK) _exit(5);
        if (gb_output_commit(out, &err) != GB_ESYSTEM) _exit(4);
        _exit(0);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    ck_assert_uint_eq(entries(), 0);
}
END_TEST

/* A full disk shows at commit when the bytes still fit the buffer; a device is written directly, never replaced. */
START_TEST(full_device) {
    if (access("/dev/full", W_OK) != 0) return;
    gb_output *out = NULL;
    gb_error err = {0};
    ck_assert_int_eq(gb_output_open("/dev/full", &out, &err), GB_OK);
    ck_assert_int_eq(gb_output_write(out, "abc", 3, &err), GB_OK);
    ck_assert_int_eq(gb_output_commit(out, &err), GB_ESYSTEM);
    ck_assert_ptr_nonnull(strstr(err.text, "No space left"));
    struct stat st;
    ck_assert_int_eq(stat("/dev/full", &st), 0);
    ck_assert(S_ISCHR(st.st_mode));
    ck_assert_int_eq(gb_output_open("/dev/null", &out, &err), GB_OK);
    ck_assert_int_eq(gb_output_write(out, "abc", 3, &err), GB_OK);
    ck_assert_int_eq(gb_output_commit(out, &err), GB_OK);
}
END_TEST

/* Names that cannot be written: a directory, a missing directory, a name beyond the limit. */
START_TEST(bad_output_names) {
    gb_output *out = NULL;
    gb_error err = {0};
    ck_assert_int_eq(gb_output_open(dir, &out, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "directory"));
    char missing[192];
    (void)snprintf(missing, sizeof missing, "%s/no/such/file", dir);
    ck_assert_int_eq(gb_output_open(missing, &out, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
    char *name = calloc(1, 5001);
    ck_assert_ptr_nonnull(name);
    memset(name, 'a', 5000);
    ck_assert_int_eq(gb_output_open(name, &out, &err), GB_EINPUT);
    ck_assert_ptr_null(out);
    free(name);
    ck_assert_uint_eq(entries(), 0);
}
END_TEST

/* Inputs: content of a regular file, an empty one, and every kind that is not a file. */
START_TEST(inputs) {
    gb_error err = {0};
    gb_map map;
    ck_assert_int_eq(gb_map_open(path, &map, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "No such file"));
    ck_assert_int_eq(gb_map_open(dir, &map, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "directory"));
    ck_assert_int_eq(gb_map_open("/dev/null", &map, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "device"));
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(gb_map_open(path, &map, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "pipe"));
    ck_assert_int_eq(unlink(path), 0);

    gb_output *out = NULL;
    ck_assert_int_eq(gb_output_open(path, &out, NULL), GB_OK);
    ck_assert_int_eq(gb_output_commit(out, NULL), GB_OK);
    ck_assert_int_eq(gb_map_open(path, &map, &err), GB_OK);
    ck_assert_uint_eq(map.size, 0);
    ck_assert_ptr_null(map.data);
    gb_map_close(&map);

    ck_assert_int_eq(gb_output_open(path, &out, NULL), GB_OK);
    ck_assert_int_eq(gb_output_write(out, "hello", 5, NULL), GB_OK);
    ck_assert_int_eq(gb_output_commit(out, NULL), GB_OK);
    ck_assert_int_eq(gb_map_open(path, &map, &err), GB_OK);
    ck_assert_uint_eq(map.size, 5);
    ck_assert_int_eq(memcmp(map.data, "hello", 5), 0);
    gb_map_close(&map);
}
END_TEST

/* The limit of gb_read_all is exact, the terminator is there, and errors name the file. */
START_TEST(read_limits) {
    gb_output *out = NULL;
    gb_error err = {0};
    uint8_t *data = NULL;
    size_t n = 0;
    static char block[200000];
    memset(block, 'x', sizeof block);
    ck_assert_int_eq(gb_output_open(path, &out, NULL), GB_OK);
    ck_assert_int_eq(gb_output_write(out, block, sizeof block, NULL), GB_OK);
    ck_assert_int_eq(gb_output_commit(out, NULL), GB_OK);
    ck_assert_int_eq(gb_read_all(path, sizeof block, &data, &n, &err), GB_OK);
    ck_assert_uint_eq(n, sizeof block);
    ck_assert_uint_eq(data[n], 0);
    free(data);
    ck_assert_int_eq(gb_read_all(path, sizeof block - 1, &data, &n, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "199999"));
    ck_assert_ptr_null(data);
    ck_assert_int_eq(gb_read_all(dir, 10, &data, &n, &err), GB_EINPUT);
    ck_assert_int_eq(gb_read_all("/no/such", 10, &data, &n, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "/no/such"));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("file");
    TCase *tc = tcase_create("file");
    tcase_add_checked_fixture(tc, enter, leave);
    tcase_add_test(tc, appears_when_complete);
    tcase_add_test(tc, large_writes_in_order);
    tcase_add_test(tc, abort_keeps_the_old_file);
    tcase_add_test(tc, stale_temporary);
    tcase_add_test(tc, symbolic_link);
    tcase_add_loop_test(tc, signal_removes_the_temporary, 0, 3);
    tcase_add_test(tc, refused_write);
    tcase_add_test(tc, full_device);
    tcase_add_test(tc, bad_output_names);
    tcase_add_test(tc, inputs);
    tcase_add_test(tc, read_limits);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}

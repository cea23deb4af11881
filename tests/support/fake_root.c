#include "tests/support/fake_root.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char fake_root[64];

static void name_of(const char *path, char full[512]) {
    const int n = snprintf(full, 512, "%s%s", fake_root, path);
    ck_assert(n > 0 && n < 512);
}

void fake_root_enter(void) {
    (void)snprintf(fake_root, sizeof fake_root, "/tmp/gb-test-root-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(fake_root));
    ck_assert_int_eq(chmod(fake_root, 0755), 0); /* a test may give up its rights */
}

void fake_root_leave(void) {
    char command[96];
    (void)snprintf(command, sizeof command, "rm -rf '%s'", fake_root);
    ck_assert_int_eq(system(command), 0);
}

void fake_root_put(const char *path, const char *text) {
    char full[512];
    name_of(path, full);
    for (char *slash = full + strlen(fake_root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        (void)mkdir(full, 0755);
        *slash = '/';
    }
    FILE *f = fopen(full, "w");
    ck_assert_ptr_nonnull(f);
    ck_assert_int_ge(fputs(text, f), 0);
    ck_assert_int_eq(fclose(f), 0);
}

void fake_root_mode(const char *path, unsigned mode) {
    char full[512];
    name_of(path, full);
    ck_assert_int_eq(chmod(full, (mode_t)mode), 0);
}

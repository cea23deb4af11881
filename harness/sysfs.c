#include "harness/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 1024 };

static bool join(char path[PATH_BYTES], const char *root, const char *name) {
    const int n = snprintf(path, PATH_BYTES, "%s%s", root, name);
    if (n > 0 && n < PATH_BYTES) return true;
    errno = ENAMETOOLONG;
    return false;
}

FILE *gb_sysfs_open(const char *root, const char *name) {
    char path[PATH_BYTES];
    return join(path, root, name) ? fopen(path, "re") : NULL;
}

bool gb_sysfs_line(const char *root, const char *name, char *line, size_t size) {
    FILE *f = gb_sysfs_open(root, name);
    if (!f) return false;
    errno = 0;
    const bool got = fgets(line, (int)size, f) != NULL;
    const int error = errno ? errno : ENODATA;
    (void)fclose(f);
    errno = error;
    if (got) line[strcspn(line, "\n")] = 0;
    return got;
}

bool gb_sysfs_number(const char *root, const char *name, uint64_t *value) {
    char line[64];
    char *end = NULL;
    if (!gb_sysfs_line(root, name, line, sizeof line)) return false;
    errno = 0;
    *value = strtoull(line, &end, 10);
    if (line[0] >= '0' && line[0] <= '9' && !*end && !errno) return true;
    errno = EINVAL;
    return false;
}

static int by_name(const void *a, const void *b) {
    return strcmp(a, b);
}

size_t gb_sysfs_names(const char *root, const char *folder, const char *prefix, char (*names)[GB_SYSFS_NAME],
                      size_t most) {
    char path[PATH_BYTES];
    size_t count = 0;
    DIR *d = join(path, root, folder) ? opendir(path) : NULL;
    if (!d) return 0;
    for (const struct dirent *e = NULL; count < most && (e = readdir(d));)
        if (strncmp(e->d_name, prefix, strlen(prefix)) == 0 && strlen(e->d_name) < GB_SYSFS_NAME)
            memcpy(names[count++], e->d_name, strlen(e->d_name) + 1);
    (void)closedir(d);
    qsort(names, count, sizeof *names, by_name);
    return count;
}

bool gb_sysfs_cpuinfo(const char *root, const char *key, char *value, size_t size) {
    FILE *f = gb_sysfs_open(root, "/proc/cpuinfo");
    if (!f) return false;
    char line[4096];
    bool found = false;
    while (!found && fgets(line, sizeof line, f)) {
        const size_t n = strlen(key);
        const char *colon = strchr(line, ':');
        if (!colon || strncmp(line, key, n) != 0 || line[n + strspn(line + n, " \t")] != ':') continue;
        line[strcspn(line, "\n")] = 0;
        (void)snprintf(value, size, "%s", colon + 1 + strspn(colon + 1, " "));
        found = true;
    }
    (void)fclose(f);
    return found;
}

bool gb_sysfs_is_virtual(const char *root) {
    char flags[4096];
    return gb_sysfs_cpuinfo(root, "flags", flags, sizeof flags) && strstr(flags, " hypervisor") != NULL;
}

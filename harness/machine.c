#include "harness/machine.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kernels/registry.h"

static cJSON *absent(const char *reason) {
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "absent", reason);
    return o;
}

/* First line of a small file without its newline; NULL and errno if it cannot be read. */
static char *read_line(const char *path, char *buf, size_t size) {
    FILE *f = fopen(path, "re");
    if (!f) return NULL;
    char *line = fgets(buf, (int)size, f);
    const int why = errno;
    (void)fclose(f);
    errno = line ? 0 : why;
    if (line) line[strcspn(line, "\n")] = '\0';
    return line;
}

static cJSON *file_fact(const char *path) {
    char buf[256];
    if (read_line(path, buf, sizeof buf)) return cJSON_CreateString(buf);
    char why[512];
    (void)snprintf(why, sizeof why, "%s: %s", path, errno ? strerror(errno) : "empty");
    return absent(why);
}

/* The value of the first "key : value" line of /proc/cpuinfo. */
static cJSON *cpuinfo_fact(const char *key) {
    FILE *f = fopen("/proc/cpuinfo", "re");
    if (!f) return absent("/proc/cpuinfo cannot be read");
    char line[4096];
    cJSON *found = NULL;
    const size_t length = strlen(key);
    while (!found && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (!colon || strncmp(line, key, length) != 0 ||
            (line[length] != '\t' && line[length] != ' ' && line[length] != ':'))
            continue;
        const char *value = colon + 1 + strspn(colon + 1, " \t");
        line[strcspn(line, "\n")] = '\0';
        if (*value) found = cJSON_CreateString(value);
    }
    (void)fclose(f);
    if (found) return found;
    char why[128];
    (void)snprintf(why, sizeof why, "/proc/cpuinfo has no '%s'", key);
    return absent(why);
}

static cJSON *hypervisor(void) {
#if defined(__x86_64__)
    cJSON *flags = cpuinfo_fact("flags");
    const char *text = cJSON_GetStringValue(flags);
    cJSON *out = text ? cJSON_CreateBool(strstr(text, " hypervisor") != NULL) : absent("/proc/cpuinfo has no 'flags'");
    cJSON_Delete(flags);
    return out;
#else
    return absent("this architecture has no flag for it");
#endif
}

static cJSON *features(void) {
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < GB_CPU_FEATURE_COUNT; i++)
        if (gb_cpu_features() >> i & 1U) cJSON_AddItemToArray(list, cJSON_CreateString(gb_cpu_feature_names[i]));
    return list;
}

static cJSON *isas(void) {
    cJSON *list = cJSON_CreateArray();
    char why[256];
    for (int i = 0; i < GB_ISA_COUNT; i++)
        if (!gb_isa_missing((gb_isa)i, gb_cpu_features(), why, sizeof why))
            cJSON_AddItemToArray(list, cJSON_CreateString(gb_isas[i].name));
    return list;
}

static cJSON *sysconf_fact(int name, const char *what) {
    const long v = sysconf(name);
    return v > 0 ? cJSON_CreateNumber((double)v) : absent(what);
}

static cJSON *allowed_cpus(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return absent(strerror(errno));
    return cJSON_CreateNumber((double)CPU_COUNT(&set));
}

/* "32K" -> 32768 */
static double size_with_suffix(const char *text) {
    char *end;
    const double v = (double)strtoul(text, &end, 10);
    return *end == 'K' ? v * 1024.0 : *end == 'M' ? v * 1048576.0 : v;
}

static cJSON *one_cache(const char *dir) {
    static const char *const names[] = {"level", "type", "size", "coherency_line_size", "shared_cpu_list"};
    char value[5][64];
    for (int i = 0; i < 5; i++) {
        char path[256];
        (void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        if (!read_line(path, value[i], sizeof value[i])) return NULL;
    }
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "level", (double)strtoul(value[0], NULL, 10));
    cJSON_AddStringToObject(o, "type", value[1]);
    cJSON_AddNumberToObject(o, "bytes", size_with_suffix(value[2]));
    cJSON_AddNumberToObject(o, "line", (double)strtoul(value[3], NULL, 10));
    cJSON_AddStringToObject(o, "shared_cpus", value[4]);
    return o;
}

static cJSON *caches(void) {
    cJSON *list = cJSON_CreateArray();
    for (int i = 0; i < 16; i++) {
        char dir[128];
        (void)snprintf(dir, sizeof dir, "/sys/devices/system/cpu/cpu0/cache/index%d", i);
        cJSON *cache = one_cache(dir);
        if (!cache) break;
        cJSON_AddItemToArray(list, cache);
    }
    if (cJSON_GetArraySize(list) > 0) return list;
    cJSON_Delete(list);
    return absent("/sys/devices/system/cpu/cpu0/cache is not there");
}

static cJSON *memory(void) {
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? cJSON_CreateNumber((double)pages * (double)page) : absent("sysconf does not say");
}

cJSON *gb_machine_json(void) {
    cJSON *o = cJSON_CreateObject();
    struct utsname u;
    const int has_uname = uname(&u) == 0;
    char kernel[160];
    (void)snprintf(kernel, sizeof kernel, "%s %s", has_uname ? u.sysname : "", has_uname ? u.release : "");
    cJSON_AddItemToObject(o, "cpu_model", cpuinfo_fact("model name"));
    cJSON_AddItemToObject(o, "microcode", cpuinfo_fact("microcode"));
    cJSON_AddItemToObject(o, "hypervisor", hypervisor());
    cJSON_AddItemToObject(o, "architecture", has_uname ? cJSON_CreateString(u.machine) : absent("uname failed"));
    cJSON_AddItemToObject(o, "features", features());
    cJSON_AddItemToObject(o, "isas", isas());
    cJSON_AddItemToObject(o, "logical_cpus", sysconf_fact(_SC_NPROCESSORS_ONLN, "sysconf does not say"));
    cJSON_AddItemToObject(o, "allowed_cpus", allowed_cpus());
    cJSON_AddItemToObject(o, "caches", caches());
    cJSON_AddItemToObject(o, "memory_bytes", memory());
    cJSON_AddItemToObject(o, "page_bytes", sysconf_fact(_SC_PAGESIZE, "sysconf does not say"));
    cJSON_AddItemToObject(o, "huge_pages", file_fact("/sys/kernel/mm/transparent_hugepage/enabled"));
    cJSON_AddItemToObject(o, "kernel", has_uname ? cJSON_CreateString(kernel) : absent("uname failed"));
    cJSON_AddItemToObject(o, "governor", file_fact("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    return o;
}

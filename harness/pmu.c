#include "harness/pmu.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/cpu_list.h"
#include "harness/sysfs.h"

enum { LINE = 256 };

static bool read_of(const char *root, const char *pmu, const char *part, const char *name, char line[LINE]) {
    char path[LINE];
    const int n = snprintf(path, sizeof path, "/sys/bus/event_source/devices/%s/%s%s", pmu, part, name);
    return n > 0 && n < LINE && gb_sysfs_line(root, path, line, LINE);
}

/* Spreads a value over the bits of a format, "config1:0-7,32": lowest bits first. */
static bool place_bits(const char *format, uint64_t value, uint64_t config[3]) {
    static const char *const words[3] = {"config:", "config1:", "config2:"};
    int word = 0;
    while (word < 3 && strncmp(format, words[word], strlen(words[word])) != 0) word++;
    if (word == 3) return false;
    const char *at = format + strlen(words[word]);
    for (;; at++) {
        char *end = NULL;
        const unsigned long first = strtoul(at, &end, 10);
        unsigned long last = first;
        if (end == at) return false;
        if (*end == '-') last = strtoul(end + 1, &end, 10);
        if (first > last || last > 63) return false;
        for (unsigned long bit = first; bit <= last; bit++, value >>= 1) config[word] |= (value & 1U) << bit;
        at = end;
        if (*at != ',') return !*at && value == 0;
    }
}

/* One "name=value" or "name" (1). */
static bool take_term(const char *root, const char *pmu, const char *term, size_t length, gb_pmu_event *out) {
    char name[LINE];
    char format[LINE];
    char *end = NULL;
    if (length >= sizeof name) return false;
    memcpy(name, term, length);
    name[length] = 0;
    char *equals = strchr(name, '=');
    if (equals) *equals = 0;
    const uint64_t value = equals ? strtoull(equals + 1, &end, 0) : 1;
    if (equals && (end == equals + 1 || *end)) return false;
    if (strncmp(name, "config", 6) == 0 && (!name[6] || ((name[6] == '1' || name[6] == '2') && !name[7]))) {
        out->config[name[6] ? name[6] - '0' : 0] |= value;
        return true;
    }
    return !strchr(name, '/') && read_of(root, pmu, "format/", name, format) && place_bits(format, value, out->config);
}

static bool take_terms(const char *root, const char *pmu, const char *terms, gb_pmu_event *out) {
    for (const char *at = terms;; at++) {
        const size_t n = strcspn(at, ",");
        if (!take_term(root, pmu, at, n, out)) return false;
        at += n;
        if (!*at) return true;
    }
}

bool gb_pmu_find(const char *root, const char *pmu, const char *event, gb_pmu_event *out, char *why, size_t size) {
    char line[LINE];
    char name[LINE];
    char *end = NULL;
    *out = (gb_pmu_event){.scale = 1};
    if (!read_of(root, pmu, "", "type", line)) {
        (void)snprintf(why, size, "the kernel has no PMU '%s'%s", pmu,
                       gb_sysfs_is_virtual(root) ? ": not supported by this hypervisor" : "");
        return false;
    }
    out->type = (uint32_t)strtoul(line, &end, 10);
    const bool named = !strchr(event, '=');
    if (named && !read_of(root, pmu, "events/", event, line)) {
        (void)snprintf(why, size, "the PMU '%s' has no event '%s'", pmu, event);
        return false;
    }
    if (!take_terms(root, pmu, named ? line : event, out)) {
        (void)snprintf(why, size, "the PMU '%s' does not understand '%.80s'", pmu, named ? line : event);
        return false;
    }
    (void)snprintf(name, sizeof name, "%.200s.scale", event);
    if (named && read_of(root, pmu, "events/", name, line)) out->scale = strtod(line, NULL);
    (void)snprintf(name, sizeof name, "%.200s.unit", event);
    if (named && read_of(root, pmu, "events/", name, line)) (void)snprintf(out->unit, sizeof out->unit, "%.15s", line);
    if (read_of(root, pmu, "", "cpumask", line) &&
        gb_cpu_list_parse("cpumask", line, out->cpus, GB_PMU_CPUS, &out->cpu_count, NULL) != 0) {
        (void)snprintf(why, size, "the PMU '%s' has a cpumask that is none: '%.80s'", pmu, line);
        return false;
    }
    return true;
}

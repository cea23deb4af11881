#include "harness/cpu_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NUMBER = 1 << 20 };

/* A number at *at, which is moved behind it; -1: none. */
static long take_number(const char **at) {
    if (**at < '0' || **at > '9') return -1;
    char *end = NULL;
    errno = 0;
    const long v = strtol(*at, &end, 10);
    *at = end;
    return errno || v > MOST_NUMBER ? -1 : v;
}

static int add(const char *option, const char *text, int cpu, int *cpus, size_t most, size_t *count, gb_error *err) {
    for (size_t i = 0; i < *count; i++)
        if (cpus[i] == cpu) return gb_fail(err, GB_EINPUT, "%s '%s': CPU %d twice", option, text, cpu);
    if (*count == most) return gb_fail(err, GB_EINPUT, "%s '%s': more than %zu CPUs", option, text, most);
    cpus[(*count)++] = cpu;
    return GB_OK;
}

int gb_cpu_list_parse(const char *option, const char *text, int *cpus, size_t most, size_t *count, gb_error *err) {
    *count = 0;
    for (const char *at = text;; at++) {
        const long first = take_number(&at);
        long last = first;
        if (first >= 0 && *at == '-') {
            at++;
            last = take_number(&at);
        }
        if (first < 0 || last < first || (*at && *at != ','))
            return gb_fail(err, GB_EINPUT, "%s '%s': expected CPU numbers and ranges, as 0-3,8", option, text);
        for (long cpu = first; cpu <= last; cpu++) {
            const int rc = add(option, text, (int)cpu, cpus, most, count, err);
            if (rc) return rc;
        }
        if (!*at) return GB_OK;
    }
}

void gb_cpu_list_print(const int *cpus, size_t count, char *text, size_t size) {
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < count;) {
        size_t j = i + 1;
        while (j < count && cpus[j] == cpus[j - 1] + 1) j++;
        char range[64];
        if (j - i > 1)
            (void)snprintf(range, sizeof range, "%s%d-%d", i ? "," : "", cpus[i], cpus[j - 1]);
        else
            (void)snprintf(range, sizeof range, "%s%d", i ? "," : "", cpus[i]);
        const size_t n = strlen(range);
        if (used + n + (j < count ? sizeof "..." : 1) > size) {
            if (used + sizeof "..." <= size) memcpy(text + used, "...", 4);
            return;
        }
        memcpy(text + used, range, n + 1);
        used += n;
        i = j;
    }
}

#include "harness/quirks.h"

#include <stdlib.h>
#include <string.h>

#include "harness/sysfs.h"

const gb_quirk_info gb_quirks[GB_QUIRK_COUNT] = {
#define GB_QUIRK(name, tiers, text) {#name, tiers, text},
#include "kernels/isa.def"
};

static long number_of(const char *root, const char *key) {
    char value[64];
    return gb_sysfs_cpuinfo(root, key, value, sizeof value) ? strtol(value, NULL, 10) : -1;
}

/* Intel: Skylake-SP, Cascade Lake and Cooper Lake are all model 85; later ones hardly slow down any more. AMD: Zen 1 to
 * Zen 4 (families 23 and 25) make a gather of many small operations, and Zen 4, the one of them with AVX-512, has
 * 256-bit units. Elsewhere a gather is slow if microcode keeps it from leaking (Downfall, CVE-2022-40982). */
unsigned gb_quirks_here(const char *root) {
    char vendor[64];
    char gather[128];
    unsigned quirks = 0;
    if (!gb_sysfs_cpuinfo(root, "vendor_id", vendor, sizeof vendor)) return 0;
    const long family = number_of(root, "cpu family");
    const long model = number_of(root, "model");
    if (strcmp(vendor, "GenuineIntel") == 0 && family == 6 && model == 85) quirks |= 1U << GB_QUIRK_avx512_clock;
    if (strcmp(vendor, "AuthenticAMD") == 0) {
        if (family == 25) quirks |= 1U << GB_QUIRK_avx512_halves;
        if (family == 23 || family == 25) quirks |= 1U << GB_QUIRK_slow_gather;
    }
    if (gb_sysfs_line(root, "/sys/devices/system/cpu/vulnerabilities/gather_data_sampling", gather, sizeof gather) &&
        strncmp(gather, "Mitigation", strlen("Mitigation")) == 0)
        quirks |= 1U << GB_QUIRK_slow_gather;
    return quirks;
}

bool gb_quirk_concerns(gb_quirk quirk, gb_isa isa) {
    const char *name = gb_isas[isa].name;
    const size_t length = strlen(name);
    for (const char *at = gb_quirks[quirk].tiers; *at; at += strspn(at, " ")) {
        const size_t word = strcspn(at, " ");
        if (word == length && strncmp(at, name, length) == 0) return true;
        at += word;
    }
    return false;
}

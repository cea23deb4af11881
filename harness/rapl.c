#include "harness/rapl.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define FOLDER "/sys/class/powercap"

static bool read_part(const char *root, const char *zone, const char *part, uint64_t *value) {
    char path[256];
    (void)snprintf(path, sizeof path, FOLDER "/%.*s/%s", GB_SYSFS_NAME - 1, zone, part);
    return gb_sysfs_number(root, path, value);
}

static bool read_energy(const char *root, const char *zone, uint64_t *value, char *why, size_t size) {
    if (read_part(root, zone, "energy_uj", value)) return true;
    if (errno == EACCES || errno == EPERM)
        (void)snprintf(why, size, FOLDER "/%s/energy_uj is readable by root only: run as root, or chmod o+r it", zone);
    else
        (void)snprintf(why, size, FOLDER "/%s/energy_uj cannot be read: %s", zone, strerror(errno));
    return false;
}

int gb_rapl_open(const char *root, const char *kind, gb_rapl *rapl, char *why, size_t size) {
    char names[GB_RAPL_ZONES][GB_SYSFS_NAME];
    /* the prefix leaves out intel-rapl-mmio, the same counters by another way */
    const size_t found = gb_sysfs_names(root, FOLDER, "intel-rapl:", names, GB_RAPL_ZONES);
    *rapl = (gb_rapl){0};
    for (size_t i = 0; i < found; i++) {
        char path[256];
        char name[64];
        (void)snprintf(path, sizeof path, FOLDER "/%.*s/name", GB_SYSFS_NAME - 1, names[i]);
        if (!gb_sysfs_line(root, path, name, sizeof name) || strncmp(name, kind, strlen(kind)) != 0) continue;
        if (!read_energy(root, names[i], &rapl->before[rapl->count], why, size)) return GB_ESYSTEM;
        memcpy(rapl->zone[rapl->count++], names[i], sizeof names[i]);
    }
    if (rapl->count) return GB_OK;
    if (found)
        (void)snprintf(why, size, "this CPU has no powercap zone '%s'", kind);
    else
        (void)snprintf(why, size, FOLDER " has no intel-rapl zones: %s",
                       gb_sysfs_is_virtual(root) ? "not supported by this hypervisor"
                                                 : "modprobe intel_rapl_msr, or this CPU has none");
    return GB_EINPUT;
}

bool gb_rapl_start(const char *root, gb_rapl *rapl, char *why, size_t size) {
    for (size_t i = 0; i < rapl->count; i++)
        if (!read_energy(root, rapl->zone[i], &rapl->before[i], why, size)) return false;
    return true;
}

bool gb_rapl_stop(const char *root, const gb_rapl *rapl, double *joules, char *why, size_t size) {
    *joules = 0;
    for (size_t i = 0; i < rapl->count; i++) {
        uint64_t now = 0;
        uint64_t range = 0;
        if (!read_energy(root, rapl->zone[i], &now, why, size)) return false;
        if (now < rapl->before[i]) {
            if (!read_part(root, rapl->zone[i], "max_energy_range_uj", &range) || range < rapl->before[i]) {
                (void)snprintf(why, size, "%s: the counter went round, and max_energy_range_uj does not say where",
                               rapl->zone[i]);
                return false;
            }
            now += range;
        }
        *joules += (double)(now - rapl->before[i]) * 1e-6;
    }
    return true;
}

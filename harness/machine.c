#include "harness/machine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "harness/sysfs.h"
#include "kernels/registry.h"

const char *const gb_fact_keys[GB_FACT_COUNT] = {
#define GB_FACT_KEY(key, kind, meaning) #key,
    GB_MACHINE_FACTS(GB_FACT_KEY)
#undef GB_FACT_KEY
};

const char *const gb_fact_meanings[GB_FACT_COUNT] = {
#define GB_FACT_MEANING(key, kind, meaning) meaning,
    GB_MACHINE_FACTS(GB_FACT_MEANING)
#undef GB_FACT_MEANING
};

enum { TEXT = 0, NUMBER = 1 };
static const bool numeric[GB_FACT_COUNT] = {
#define GB_FACT_KIND(key, kind, meaning) kind,
    GB_MACHINE_FACTS(GB_FACT_KIND)
#undef GB_FACT_KIND
};

static void set_text(gb_fact *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void set_text(gb_fact *f, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    f->present = true;
}

static void set_number(gb_fact *f, double value) {
    f->number = value;
    f->present = true;
}

static void set_absent(gb_fact *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void set_absent(gb_fact *f, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
    f->present = false;
}

/* Adds a name to a list. */
static void add_name(gb_fact *f, const char *name) {
    const size_t n = strlen(f->text);
    (void)snprintf(f->text + n, sizeof f->text - n, "%s%s", n ? ", " : "", name);
    f->present = true;
}

static void read_features(gb_machine *m) {
    const gb_cpu_mask have = gb_cpu_features();
    for (int i = 0; i < GB_CPU_FEATURE_COUNT; i++)
        if (have >> i & 1U) add_name(&m->fact[GB_FACT_features], gb_cpu_feature_names[i]);
    if (!have) set_absent(&m->fact[GB_FACT_features], "none beyond the baseline");
    char why[256];
    for (int i = 0; i < GB_ISA_COUNT; i++)
        if (!gb_isa_missing((gb_isa)i, have, why, sizeof why)) add_name(&m->fact[GB_FACT_isas], gb_isas[i].name);
    if (!m->fact[GB_FACT_isas].present) set_absent(&m->fact[GB_FACT_isas], "none: everything runs by the reference");
}

static void read_cpu(gb_machine *m, const char *root) {
    char value[256];
    if (gb_sysfs_cpuinfo(root, "model name", value, sizeof value))
        set_text(&m->fact[GB_FACT_cpu_model], "%s", value);
    else if (gb_sysfs_cpuinfo(root, "CPU part", value, sizeof value))
        set_text(&m->fact[GB_FACT_cpu_model], "part %s", value);
    else
        set_absent(&m->fact[GB_FACT_cpu_model], "/proc/cpuinfo does not name it");
    if (gb_sysfs_cpuinfo(root, "microcode", value, sizeof value))
        set_text(&m->fact[GB_FACT_microcode], "%s", value);
    else
        set_absent(&m->fact[GB_FACT_microcode], "/proc/cpuinfo does not show it (hidden by the hypervisor or not x86)");
    read_features(m);
    char flags[4096];
    if (!gb_sysfs_cpuinfo(root, "flags", flags, sizeof flags)) {
        set_absent(&m->fact[GB_FACT_hypervisor], "/proc/cpuinfo has no flags on this architecture");
        return;
    }
    char vendor[128];
    if (!strstr(flags, " hypervisor"))
        set_text(&m->fact[GB_FACT_hypervisor], "no");
    else if (gb_sysfs_line(root, "/sys/class/dmi/id/sys_vendor", vendor, sizeof vendor))
        set_text(&m->fact[GB_FACT_hypervisor], "yes (%s)", vendor);
    else
        set_text(&m->fact[GB_FACT_hypervisor], "yes");
}

static void set_size(gb_fact *f, size_t bytes) {
    if (bytes)
        set_number(f, (double)bytes);
    else
        set_absent(f, "not reported by the machine");
}

static void read_topology(gb_machine *m, const gb_topology *t) {
    set_number(&m->fact[GB_FACT_logical_cpus], (double)t->cpu_count);
    set_number(&m->fact[GB_FACT_physical_cores], (double)t->core_count);
    set_number(&m->fact[GB_FACT_core_kinds], (double)t->kind_count);
    set_number(&m->fact[GB_FACT_numa_nodes], (double)t->node_count);
    set_size(&m->fact[GB_FACT_l1d_bytes], t->l1d.bytes);
    set_size(&m->fact[GB_FACT_l2_bytes], t->l2.bytes);
    set_size(&m->fact[GB_FACT_l3_bytes], t->l3.bytes);
    set_text(&m->fact[GB_FACT_topology_source], "%s", t->source);
}

static void read_system(gb_machine *m, const char *root) {
    struct utsname u;
    if (uname(&u) == 0) {
        set_text(&m->fact[GB_FACT_architecture], "%s", u.machine);
        set_text(&m->fact[GB_FACT_kernel], "%s %s", u.sysname, u.release);
    } else {
        set_absent(&m->fact[GB_FACT_architecture], "uname failed");
        set_absent(&m->fact[GB_FACT_kernel], "uname failed");
    }
    char line[256];
    unsigned long long kib = 0;
    if (gb_sysfs_line(root, "/proc/meminfo", line, sizeof line) && sscanf(line, "MemTotal: %llu kB", &kib) == 1)
        set_number(&m->fact[GB_FACT_memory_bytes], (double)kib * 1024);
    else
        set_absent(&m->fact[GB_FACT_memory_bytes], "/proc/meminfo does not say");
    const long page = sysconf(_SC_PAGESIZE);
    if (page > 0)
        set_number(&m->fact[GB_FACT_page_bytes], (double)page);
    else
        set_absent(&m->fact[GB_FACT_page_bytes], "sysconf does not say");
    double load = 0;
    if (gb_sysfs_line(root, "/proc/loadavg", line, sizeof line) && sscanf(line, "%lf", &load) == 1)
        set_number(&m->fact[GB_FACT_load_1m], load);
    else
        set_absent(&m->fact[GB_FACT_load_1m], "/proc/loadavg does not say");
    /* cgroup v2, "<quota> <period>" in microseconds or "max <period>" */
    unsigned long long quota = 0;
    unsigned long long period = 0;
    if (!gb_sysfs_line(root, "/sys/fs/cgroup/cpu.max", line, sizeof line))
        set_absent(&m->fact[GB_FACT_cpu_quota], "no readable /sys/fs/cgroup/cpu.max");
    else if (sscanf(line, "%llu %llu", &quota, &period) == 2 && period)
        set_number(&m->fact[GB_FACT_cpu_quota], (double)quota / (double)period);
    else
        set_absent(&m->fact[GB_FACT_cpu_quota], "no limit");
}

static void read_power(gb_machine *m, int cpu, const char *root) {
    char name[128];
    char line[256];
    (void)snprintf(name, sizeof name, "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor", cpu);
    if (gb_sysfs_line(root, name, line, sizeof line))
        set_text(&m->fact[GB_FACT_governor], "%s", line);
    else
        set_absent(&m->fact[GB_FACT_governor], "no cpufreq here (%s): the frequency is the host's business",
                   strerror(errno));
    gb_fact *turbo = &m->fact[GB_FACT_turbo];
    if (gb_sysfs_line(root, "/sys/devices/system/cpu/intel_pstate/no_turbo", line, sizeof line))
        set_text(turbo, "%s", line[0] == '0' ? "on" : "off");
    else if (gb_sysfs_line(root, "/sys/devices/system/cpu/cpufreq/boost", line, sizeof line))
        set_text(turbo, "%s", line[0] == '1' ? "on" : "off");
    else
        set_absent(turbo, "neither intel_pstate/no_turbo nor cpufreq/boost is readable");
    gb_fact *thp = &m->fact[GB_FACT_huge_pages];
    char *open = NULL;
    char *close = NULL;
    if (gb_sysfs_line(root, "/sys/kernel/mm/transparent_hugepage/enabled", line, sizeof line) &&
        (open = strchr(line, '[')) && (close = strchr(open, ']')))
        set_text(thp, "%.*s", (int)(close - open - 1), open + 1);
    else
        set_absent(thp, "/sys/kernel/mm/transparent_hugepage/enabled is not readable");
}

void gb_machine_read(gb_machine *machine, const gb_topology *topology, const char *root) {
    *machine = (gb_machine){0};
    for (size_t i = 0; i < GB_FACT_COUNT; i++) machine->fact[i].is_number = numeric[i];
    gb_topology own = {0};
    gb_error err = {0};
    if (!topology && gb_topology_read(&own, &err) == GB_OK) topology = &own;
    int cpu = 0;
    if (topology) {
        (void)gb_topology_default_cpus(topology, 1, &cpu);
        read_topology(machine, topology);
    } else {
        for (int i = GB_FACT_logical_cpus; i <= GB_FACT_l3_bytes; i++)
            set_absent(&machine->fact[i], "%.200s", err.text);
        set_absent(&machine->fact[GB_FACT_topology_source], "%.200s", err.text);
    }
    read_cpu(machine, root);
    read_system(machine, root);
    read_power(machine, cpu, root);
    gb_topology_free(&own);
}

cJSON *gb_machine_to_json(const gb_machine *machine) {
    cJSON *all = cJSON_CreateObject();
    for (size_t i = 0; all && i < GB_FACT_COUNT; i++) {
        const gb_fact *f = &machine->fact[i];
        cJSON *item = !f->present    ? cJSON_CreateObject()
                      : f->is_number ? cJSON_CreateNumber(f->number)
                                     : cJSON_CreateString(f->text);
        if ((item && !f->present && !cJSON_AddStringToObject(item, "absent", f->text)) ||
            !cJSON_AddItemToObject(all, gb_fact_keys[i], item)) {
            cJSON_Delete(item);
            cJSON_Delete(all);
            return NULL;
        }
    }
    return all;
}

cJSON *gb_machine_json(void) {
    gb_machine machine;
    gb_machine_read(&machine, NULL, "");
    return gb_machine_to_json(&machine);
}

/* The line "cpu" of all, or "cpu3". */
static bool find_cpu_line(const char *root, int cpu, char *line, size_t size) {
    char label[24];
    FILE *f = gb_sysfs_open(root, "/proc/stat");
    if (!f) return false;
    if (cpu < 0)
        (void)snprintf(label, sizeof label, "cpu ");
    else
        (void)snprintf(label, sizeof label, "cpu%d ", cpu);
    bool found = false;
    while (!found && fgets(line, (int)size, f)) found = strncmp(line, label, strlen(label)) == 0;
    (void)fclose(f);
    return found;
}

bool gb_steal_ticks(const char *root, int cpu, uint64_t *stolen, uint64_t *total) {
    char line[512];
    *stolen = 0;
    *total = 0;
    if (!find_cpu_line(root, cpu, line, sizeof line)) return false;
    /* user nice system idle iowait irq softirq steal; guest time, which follows, is already in user */
    const char *at = strchr(line, ' ');
    for (int field = 0; field < 8; field++) {
        char *end = NULL;
        const unsigned long long v = strtoull(at, &end, 10);
        if (end == at) return false;
        *total += v;
        if (field == 7) *stolen = v;
        at = end;
    }
    return true;
}

double gb_stolen_share(uint64_t stolen_before, uint64_t total_before, uint64_t stolen, uint64_t total) {
    if (stolen < stolen_before || total < total_before) return -1;
    return total > total_before ? (double)(stolen - stolen_before) / (double)(total - total_before) : 0;
}

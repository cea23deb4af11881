/* harness/machine: a missing fact reported as a value, a wrong line of /proc taken. The machine is a directory made
 * here. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "harness/machine.h"
#include "harness/quirks.h"
#include "tests/support/fake_root.h"
#include "tests/support/suite.h"

static gb_machine machine;

static void ck_text(gb_fact_id id, const char *expected) {
    const gb_fact *f = &machine.fact[id];
    ck_assert_msg(f->present && !f->is_number && strcmp(f->text, expected) == 0, "%s: '%s', expected '%s'",
                  gb_fact_keys[id], f->text, expected);
}

/* Every fact from its file. */
START_TEST(full_machine) {
    gb_logical_cpu cpu = {.os_index = 0};
    const gb_topology t = {.cpus = &cpu, .cpu_count = 1, .core_count = 1, .kind_count = 1, .node_count = 1};
    fake_root_put("/proc/cpuinfo", "processor\t: 0\nmodel\t\t: 85\nmodel name\t: Test CPU 9000\nmicrocode\t: 0x2b\n"
                                   "flags\t\t: fpu vme hypervisor sse\n\nprocessor\t: 1\nmodel name\t: Other\n");
    fake_root_put("/proc/meminfo", "MemTotal:       1000 kB\nMemFree: 5 kB\n");
    fake_root_put("/proc/loadavg", "1.25 0.50 0.10 1/100 999\n");
    fake_root_put("/sys/class/dmi/id/sys_vendor", "QEMU\n");
    fake_root_put("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
    fake_root_put("/sys/devices/system/cpu/intel_pstate/no_turbo", "0\n");
    fake_root_put("/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    fake_root_put("/sys/fs/cgroup/cpu.max", "150000 100000\n");
    gb_machine_read(&machine, &t, fake_root);
    ck_text(GB_FACT_cpu_model, "Test CPU 9000");
    ck_text(GB_FACT_microcode, "0x2b");
    ck_text(GB_FACT_hypervisor, "yes (QEMU)");
    ck_text(GB_FACT_governor, "performance");
    ck_text(GB_FACT_turbo, "on");
    ck_text(GB_FACT_huge_pages, "madvise");
    ck_assert(machine.fact[GB_FACT_memory_bytes].number == 1024000);
    ck_assert(machine.fact[GB_FACT_load_1m].number == 1.25);
    ck_assert(machine.fact[GB_FACT_cpu_quota].number == 1.5);
    ck_assert(!machine.fact[GB_FACT_l2_bytes].present); /* the given topology knows no caches */
    cJSON *json = gb_machine_to_json(&machine);
    ck_assert_str_eq(cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "turbo")), "on");
    ck_assert_ptr_nonnull(
        cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(json, "l2_bytes"), "absent"));
    ck_assert_int_eq(cJSON_GetArraySize(json), GB_FACT_COUNT);
    cJSON_Delete(json);
}
END_TEST

/* An empty machine: every fact is there with a value or a reason, whatever is missing. */
START_TEST(empty_machine) {
    gb_machine_read(&machine, NULL, fake_root);
    for (int i = 0; i < GB_FACT_COUNT; i++) {
        const gb_fact *f = &machine.fact[i];
        ck_assert_msg((f->present && f->is_number) || f->text[0], "%s has neither value nor reason", gb_fact_keys[i]);
    }
    static const gb_fact_id absent[] = {GB_FACT_cpu_model,  GB_FACT_microcode,    GB_FACT_governor, GB_FACT_turbo,
                                        GB_FACT_huge_pages, GB_FACT_memory_bytes, GB_FACT_cpu_quota};
    for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++) ck_assert(!machine.fact[absent[i]].present);
    fake_root_put("/sys/fs/cgroup/cpu.max", "max 100000\n");
    gb_machine_read(&machine, NULL, fake_root);
    ck_assert_str_eq(machine.fact[GB_FACT_cpu_quota].text, "no limit");
}
END_TEST

static unsigned quirks_of(const char *vendor, int family, int model, const char *gathers) {
    char cpuinfo[256];
    (void)snprintf(cpuinfo, sizeof cpuinfo,
                   "vendor_id\t: %s\ncpu family\t: %d\nmodel\t\t: %d\nmodel name\t: Model 85\n", vendor, family, model);
    fake_root_put("/proc/cpuinfo", cpuinfo);
    fake_root_put("/sys/devices/system/cpu/vulnerabilities/gather_data_sampling", gathers);
    return gb_quirks_here(fake_root);
}

/* Catches a family taken for another vendor's, the model's name for its number, and a gather called slow that is not.
 */
START_TEST(quirks) {
    const unsigned clock = 1U << GB_QUIRK_avx512_clock;
    const unsigned halves = 1U << GB_QUIRK_avx512_halves;
    const unsigned gather = 1U << GB_QUIRK_slow_gather;
    ck_assert_uint_eq(gb_quirks_here(fake_root), 0); /* nothing known */
    ck_assert_uint_eq(quirks_of("GenuineIntel", 6, 85, "Not affected\n"), clock);
    ck_assert_uint_eq(quirks_of("GenuineIntel", 6, 85, "Mitigation: Microcode\n"), clock | gather);
    ck_assert_uint_eq(quirks_of("GenuineIntel", 6, 143, "Not affected\n"), 0);
    ck_assert_uint_eq(quirks_of("GenuineIntel", 25, 17, "Vulnerable: No microcode\n"), 0);
    ck_assert_uint_eq(quirks_of("AuthenticAMD", 23, 49, "Not affected\n"), gather);
    ck_assert_uint_eq(quirks_of("AuthenticAMD", 25, 17, "Not affected\n"), halves | gather);
    ck_assert_uint_eq(quirks_of("AuthenticAMD", 26, 2, "Not affected\n"), 0);
}
END_TEST

/* Catches a tier's name found inside another's: avx512 in avx512vnni. */
START_TEST(tiers_of_quirks) {
    ck_assert(gb_quirk_concerns(GB_QUIRK_slow_gather, GB_ISA_avx2));
    ck_assert(gb_quirk_concerns(GB_QUIRK_slow_gather, GB_ISA_amx_int8));
    ck_assert(gb_quirk_concerns(GB_QUIRK_avx512_clock, GB_ISA_avx512vnni));
    ck_assert(!gb_quirk_concerns(GB_QUIRK_avx512_clock, GB_ISA_avx2));
    ck_assert(!gb_quirk_concerns(GB_QUIRK_slow_gather, GB_ISA_neon));
    ck_assert(!gb_quirk_concerns(GB_QUIRK_slow_gather, GB_ISA_scalar));
}
END_TEST

/* Stolen time is the eighth field, the total all eight; guest time is not counted twice. */
START_TEST(steal) {
    uint64_t stolen = 1;
    uint64_t total = 1;
    ck_assert(!gb_steal_ticks(fake_root, -1, &stolen, &total));
    fake_root_put("/proc/stat",
                  "cpu  1 2 3 4 5 6 7 800 9000 10000\ncpu1 1 1 1 1 1 1 1 1 1 1\ncpu12 6 6 6 6 6 6 6 9 1 1\n");
    ck_assert(gb_steal_ticks(fake_root, -1, &stolen, &total));
    ck_assert_uint_eq(stolen, 800);
    ck_assert_uint_eq(total, 828);
    ck_assert(gb_steal_ticks(fake_root, 12, &stolen, &total)); /* not CPU 1's line */
    ck_assert_uint_eq(stolen, 9);
    ck_assert_uint_eq(total, 51);
    ck_assert(!gb_steal_ticks(fake_root, 2, &stolen, &total));
    fake_root_put("/proc/stat", "cpu  1 2 3\n");
    ck_assert(!gb_steal_ticks(fake_root, -1, &stolen, &total));
    ck_assert(gb_stolen_share(10, 100, 12, 108) == 0.25);
    ck_assert(gb_stolen_share(10, 100, 10, 100) == 0);
    ck_assert(gb_stolen_share(10, 100, 9, 108) < 0 && gb_stolen_share(10, 100, 12, 99) < 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("machine");
    TCase *tc = tcase_create("machine");
    tcase_add_checked_fixture(tc, fake_root_enter, fake_root_leave);
    tcase_add_test(tc, full_machine);
    tcase_add_test(tc, empty_machine);
    tcase_add_test(tc, steal);
    tcase_add_test(tc, quirks);
    tcase_add_test(tc, tiers_of_quirks);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}

/* harness/counters: an absent counter given as zero, a multiplexed count taken for a whole one, a reason that does not
 * help, energy that went round. Every path runs on a fake system, whose /proc and /sys are folders made here. */
#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/counter_table.h"
#include "harness/counters.h"
#include "tests/support/fake_perf.h"
#include "tests/support/fake_root.h"
#include "tests/support/root.h"
#include "tests/support/suite.h"

enum { CORE_EVENTS = 4 };

/* A machine of two packages with two memory controllers each, whose reads are event 4, mask 3. */
static void put_controllers(void) {
    static const char *const boxes[] = {"uncore_imc_0", "uncore_imc_1"};
    for (size_t i = 0; i < 2; i++) {
        char path[160];
#define PUT(part, text)                                                                                                \
    (void)snprintf(path, sizeof path, "/sys/bus/event_source/devices/%s/" part, boxes[i]);                             \
    fake_root_put(path, text)
        PUT("type", "13\n");
        PUT("cpumask", "0,24\n");
        PUT("format/event", "config:0-7\n");
        PUT("format/umask", "config:8-15\n");
        PUT("events/cas_count_read", "event=0x04,umask=0x03\n");
        PUT("events/cas_count_read.scale", "6.103515625e-5\n");
        PUT("events/cas_count_read.unit", "MiB\n");
#undef PUT
    }
}

static void put_zone(const char *zone, const char *name, const char *energy) {
    char path[160];
    (void)snprintf(path, sizeof path, "/sys/class/powercap/%s/name", zone);
    fake_root_put(path, name);
    (void)snprintf(path, sizeof path, "/sys/class/powercap/%s/energy_uj", zone);
    fake_root_put(path, energy);
}

/* Opens a group on the fake, counts twice, closes; everything that was opened must be closed. */
static gb_counter_set measure(fake_perf *f, gb_counter_choice choice, gb_counter_group group) {
    const gb_perf_backend backend = fake_perf_backend(f);
    gb_counters *c = NULL;
    gb_counter_set set;
    choice.group[group] = true;
    ck_assert_int_eq(gb_counters_open(&backend, &choice, &c, NULL), GB_OK);
    ck_assert_int_eq(gb_counters_new_set(c, &set, NULL), GB_OK);
    for (int round = 0; round < 2; round++) { /* times must be taken as differences between rounds */
        gb_counters_start(c, group);
        gb_counters_stop(c, group, 2, &set);
    }
    gb_counters_close(c);
    ck_assert_int_eq(f->open_now, 0);
    return set;
}

static gb_counter_set core(fake_perf *f) {
    return measure(f, (gb_counter_choice){0}, GB_COUNTER_GROUP_core);
}

static void ck_absent(gb_counter_set *s, size_t first, const char *reason) {
    for (size_t i = first; i < s->count; i++) {
        ck_assert(!s->of[i].present);
        ck_assert(s->of[i].value == 0);
        ck_assert_msg(strstr(s->of[i].reason, reason) != NULL, "'%s' lacks '%s'", s->of[i].reason, reason);
    }
    ck_assert_uint_lt(first, s->count);
    free(s->of);
}

static double value_of(const gb_counter_set *s, const char *name) {
    const gb_counter_value *v = gb_counter_find(s, name);
    ck_assert_msg(v != NULL, "%s is absent", name);
    return v->value;
}

/* All there: each counter gets its own value of the group, divided by what was asked for. */
START_TEST(all_present) {
    fake_perf f = fake_perf_of("1\n");
    const gb_counter_set s = core(&f);
    ck_assert_uint_eq(s.count, CORE_EVENTS);
    for (size_t i = 0; i < s.count; i++) ck_assert(s.of[i].present && s.of[i].value == (double)(10 + i) / 2);
    ck_assert(value_of(&s, "instructions") == 5.5);
    free(s.of);
}
END_TEST

/* Each refusal of the kernel becomes its cause and its fix. */
START_TEST(refusals) {
    static const struct {
        int error;
        const char *level, *flags, *reason;
    } cases[] = {
        {EACCES, "4\n", "fpu", "kernel.perf_event_paranoid=4: needs <= 2"},
        {EPERM, "3\n", "fpu", "kernel.perf_event_paranoid=3: needs <= 2"},
        {EACCES, "1\n", "fpu", "seccomp"},
        {ENOENT, "2\n", "fpu hypervisor", "not supported by this hypervisor"},
        {EOPNOTSUPP, "2\n", "fpu hypervisor", "not supported by this hypervisor"},
        {EOPNOTSUPP, "2\n", "fpu", "not supported by this CPU"},
        {ENOSYS, "2\n", "fpu", "without perf events"},
        {EBUSY, "2\n", "fpu", "another user"},
        {EMFILE, "2\n", "fpu", "Too many open files"},
    };
    char text[64];
    (void)snprintf(text, sizeof text, "flags\t\t: %s\n", cases[_i].flags);
    fake_root_put("/proc/cpuinfo", text);
    fake_perf f = fake_perf_of(cases[_i].level);
    f.refusal = cases[_i].error;
    gb_counter_set s = core(&f);
    ck_absent(&s, 0, cases[_i].reason);
}
END_TEST

/* Part of the events refused: the others still count, with their own values. */
START_TEST(partly_refused) {
    fake_perf f = fake_perf_of("2\n");
    f.refuse_from = 2;
    f.refusal = ENOENT;
    gb_counter_set s = core(&f);
    ck_assert(s.of[0].present && s.of[1].present && s.of[1].value == 5.5);
    ck_absent(&s, 2, "not supported");
}
END_TEST

/* The first event unknown: the second leads the group, and values do not slip by one. */
START_TEST(leader_unknown) {
    fake_perf f = fake_perf_of("2\n");
    f.unknown = "CPU_CYCLES";
    const gb_counter_set s = core(&f);
    ck_assert(!s.of[0].present);
    ck_assert_str_eq(s.of[0].reason, "libpfm4 not built in");
    ck_assert(value_of(&s, "instructions") == 5);
    free(s.of);
}
END_TEST

/* More events than hardware counters: the last are given up with a reason, the first ones count. */
START_TEST(too_few_counters) {
    fake_perf f = fake_perf_of("2\n");
    f.hardware = 3;
    gb_counter_set s = core(&f);
    for (size_t i = 0; i < 3; i++) ck_assert(s.of[i].present && s.of[i].value == (double)(10 + i) / 2);
    ck_absent(&s, 3, "no free counter");
}
END_TEST

/* Events that were off the hardware for a part of the interval give nothing, in a group or alone. */
START_TEST(not_the_whole_interval) {
    fake_perf f = fake_perf_of("0\n");
    put_controllers();
    f.lost_ns = 1;
    const gb_counter_set s = measure(&f, (gb_counter_choice){0}, GB_COUNTER_GROUP_cache);
    static const char *const names[] = {"l1d_misses", "dram_read_bytes"};
    for (size_t n = 0; n < 2; n++) {
        size_t i = 0;
        while (strcmp(s.of[i].name, names[n]) != 0) i++;
        ck_assert(!s.of[i].present);
        ck_assert_msg(strstr(s.of[i].reason, n ? "only 999 of 1000 ns" : "no free counter") ||
                          strstr(s.of[i].reason, "only 999 of 1000 ns"),
                      "%s", s.of[i].reason);
    }
    free(s.of);
}
END_TEST

/* Failures after opening are reasons too. */
START_TEST(failures_while_measuring) {
    fake_perf f = fake_perf_of("1\n");
    f.fail_control = _i == 0;
    f.fail_read = _i == 1;
    f.short_read = _i == 2;
    gb_counter_set s = core(&f);
    static const char *const reasons[] = {"could not be started", "could not be read", "answered"};
    ck_assert(!s.of[0].present);
    ck_assert_msg(strstr(s.of[0].reason, reasons[_i]) != NULL, "%s", s.of[0].reason);
    free(s.of);
}
END_TEST

/* Bytes of memory: the boxes of all packages are added up, in the kernel's scale and unit. */
START_TEST(memory_bytes) {
    fake_perf f = fake_perf_of("0\n");
    put_controllers();
    gb_counter_set s = measure(&f, (gb_counter_choice){0}, GB_COUNTER_GROUP_cache);
    int boxes[2] = {0};
    for (int i = 0; i < f.opens; i++) {
        if (f.cpu[i] < 0) continue;
        ck_assert(f.type[i] == 13 && f.config[i] == 0x304);
        ck_assert(f.cpu[i] == 0 || f.cpu[i] == 24);
        boxes[f.cpu[i] == 24]++;
    }
    ck_assert_int_eq(boxes[0], 2);
    ck_assert_int_eq(boxes[1], 2);
    ck_assert(value_of(&s, "dram_read_bytes") == 4 * 0x304 * 1000.0 * 64 / 2);
    ck_assert(!gb_counter_find(&s, "dram_write_bytes")); /* these controllers have no such event */
    ck_assert_ptr_nonnull(strstr(s.of[s.count - 1].reason, "has no event"));
    free(s.of);
}
END_TEST

/* Whole packages need more rights than a thread. */
START_TEST(memory_refused) {
    fake_perf f = fake_perf_of("2\n");
    put_controllers();
    f.refuse_boxes = EACCES;
    const gb_counter_set s = measure(&f, (gb_counter_choice){0}, GB_COUNTER_GROUP_cache);
    ck_assert(value_of(&s, "l1d_misses") == 5);
    for (size_t i = 0; i < s.count; i++)
        if (strcmp(s.of[i].name, "dram_read_bytes") == 0)
            ck_assert_msg(strstr(s.of[i].reason, "kernel.perf_event_paranoid=2: needs <= 0"), "%s", s.of[i].reason);
    free(s.of);
}
END_TEST

/* AMD's memory controllers name no events: theirs is spelled out, in accesses of 64 bytes. */
START_TEST(memory_of_amd) {
    fake_perf f = fake_perf_of("0\n");
    fake_root_put("/sys/bus/event_source/devices/amd_umc_0/type", "31");
    fake_root_put("/sys/bus/event_source/devices/amd_umc_0/cpumask", "3");
    fake_root_put("/sys/bus/event_source/devices/amd_umc_0/format/event", "config:0-7");
    fake_root_put("/sys/bus/event_source/devices/amd_umc_0/format/rdwrmask", "config:8-9");
    gb_counter_set s = measure(&f, (gb_counter_choice){0}, GB_COUNTER_GROUP_cache);
    ck_assert(value_of(&s, "dram_read_bytes") == 0x10a * 1000.0 * 64 / 2);
    ck_assert(value_of(&s, "dram_write_bytes") == 0x20a * 1000.0 * 64 / 2);
    free(s.of);
}
END_TEST

/* Slots lead their group, and every way to them is tried. */
START_TEST(topdown) {
    fake_perf f = fake_perf_of("2\n");
    fake_root_put("/sys/bus/event_source/devices/cpu_core/type", "4");
    fake_root_put("/sys/bus/event_source/devices/cpu_core/format/event", "config:0-7");
    fake_root_put("/sys/bus/event_source/devices/cpu_core/format/umask", "config:8-15,32-35");
    fake_root_put("/sys/bus/event_source/devices/cpu_core/events/slots", "event=0x00,umask=0x4\n");
    fake_root_put("/sys/bus/event_source/devices/cpu_core/events/topdown-retiring", "event=0x00,umask=0xf80\n");
    fake_root_put("/sys/bus/event_source/devices/cpu_core/events/topdown-be-bound", "event=0x00,umask=oops\n");
    const gb_counter_set s = measure(&f, (gb_counter_choice){0}, GB_COUNTER_GROUP_topdown);
    ck_assert(value_of(&s, "slots") == 5 && value_of(&s, "retiring") == 5.5);
    ck_assert_uint_eq(f.config[0], 0x400);
    ck_assert_uint_eq(f.config[1], 0xf00008000);
    ck_assert(!gb_counter_find(&s, "backend_bound") && !gb_counter_find(&s, "frontend_bound"));
    free(s.of);
}
END_TEST

/* Events of the user's own: libpfm4's names and the kernel's, in the order given. */
START_TEST(own_events) {
    char text[] = "ABC:DEF,cpu/event=1,umask=2/,NOPE";
    gb_counter_choice choice = {0};
    gb_error err = {0};
    ck_assert_msg(gb_counter_events_parse("--events", text, &choice, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(choice.event_count, 3);
    fake_root_put("/sys/bus/event_source/devices/cpu/type", "4");
    fake_root_put("/sys/bus/event_source/devices/cpu/format/event", "config:0-7");
    fake_root_put("/sys/bus/event_source/devices/cpu/format/umask", "config1:8-15");
    fake_perf f = fake_perf_of("2\n");
    f.unknown = "NOPE";
    gb_counter_set s = measure(&f, choice, GB_COUNTER_GROUP_events);
    ck_assert(value_of(&s, "ABC:DEF") == 5 && value_of(&s, "cpu/event=1,umask=2/") == 5.5);
    ck_absent(&s, 2, "libpfm4 not built in");
}
END_TEST

static void put_packages(const char *first, const char *second) {
    put_zone("intel-rapl:0", "package-0\n", first);
    put_zone("intel-rapl:1", "package-1\n", second);
}

/* Joules of all packages; one counter goes round in between. */
START_TEST(energy) {
    fake_perf f = fake_perf_of("2\n");
    put_packages("950000\n", "1000000\n");
    fake_root_put("/sys/class/powercap/intel-rapl:0/max_energy_range_uj", "1000000\n");
    put_zone("intel-rapl-mmio:0", "package-0\n", "5\n"); /* the same package again */
    const gb_perf_backend backend = fake_perf_backend(&f);
    const gb_counter_choice choice = {.group = {[GB_COUNTER_GROUP_energy] = true}};
    gb_counters *c = NULL;
    gb_counter_set s;
    ck_assert_int_eq(gb_counters_open(&backend, &choice, &c, NULL), GB_OK);
    ck_assert_int_eq(gb_counters_new_set(c, &s, NULL), GB_OK);
    gb_counters_start(c, GB_COUNTER_GROUP_energy);
    put_packages("250000\n", "1500000\n");
    gb_counters_stop(c, GB_COUNTER_GROUP_energy, 2, &s);
    ck_assert_double_eq_tol(value_of(&s, "energy_package"), (0.3 + 0.5) / 2, 1e-12);
    ck_assert(!gb_counter_find(&s, "energy_dram"));
    /* the same without the place where it goes round, and with a counter that answers nonsense */
    put_packages("950000\n", "1000000\n");
    gb_counters_start(c, GB_COUNTER_GROUP_energy);
    fake_root_put("/sys/class/powercap/intel-rapl:0/max_energy_range_uj", "\n");
    put_packages("250000\n", "1500000\n");
    gb_counters_stop(c, GB_COUNTER_GROUP_energy, 2, &s);
    ck_assert(!s.of[0].present);
    ck_assert_ptr_nonnull(strstr(s.of[0].reason, "went round"));
    gb_counters_start(c, GB_COUNTER_GROUP_energy);
    put_zone("intel-rapl:0", "package-0\n", "many\n");
    gb_counters_stop(c, GB_COUNTER_GROUP_energy, 2, &s);
    ck_assert_ptr_nonnull(strstr(s.of[0].reason, "cannot be read"));
    /* RAPL moves once a millisecond */
    put_packages("950000\n", "1000000\n");
    gb_counters_start(c, GB_COUNTER_GROUP_energy);
    f.interval = 2000000;
    gb_counters_stop(c, GB_COUNTER_GROUP_energy, 2, &s);
    ck_assert_ptr_nonnull(strstr(s.of[0].reason, "an interval of 2 ms is too short"));
    free(s.of);
    gb_counters_close(c);
}
END_TEST

/* Without zones the reason says so; with the PMU in their place the joules come from there. */
START_TEST(energy_by_pmu) {
    fake_root_put("/proc/cpuinfo", "flags\t\t: fpu hypervisor\n");
    fake_perf f = fake_perf_of("0\n");
    gb_counter_set s = measure(&f, (gb_counter_choice){0}, GB_COUNTER_GROUP_energy);
    ck_absent(&s, 0, "no intel-rapl zones: not supported by this hypervisor");
    fake_root_put("/sys/bus/event_source/devices/power/type", "20");
    fake_root_put("/sys/bus/event_source/devices/power/cpumask", "0");
    fake_root_put("/sys/bus/event_source/devices/power/format/event", "config:0-7");
    fake_root_put("/sys/bus/event_source/devices/power/events/energy-pkg", "event=0x02");
    fake_root_put("/sys/bus/event_source/devices/power/events/energy-pkg.scale", "2.5e-1");
    fake_root_put("/sys/bus/event_source/devices/power/events/energy-pkg.unit", "Joules");
    s = measure(&f, (gb_counter_choice){0}, GB_COUNTER_GROUP_energy);
    ck_assert(value_of(&s, "energy_package") == 2 * 1000 * 0.25 / 2);
    free(s.of);
    f.refuse_boxes = EACCES;
    fake_root_put("/proc/sys/kernel/perf_event_paranoid", "1\n");
    s = measure(&f, (gb_counter_choice){0}, GB_COUNTER_GROUP_energy);
    ck_assert_ptr_nonnull(strstr(s.of[0].reason, "kernel.perf_event_paranoid=1: needs <= 0"));
    free(s.of);
}
END_TEST

/* Zones that only root may read, as Linux has them since 2020. */
START_TEST(energy_of_root) {
    fake_perf f = fake_perf_of("2\n");
    put_zone("intel-rapl:0", "package-0\n", "1\n");
    fake_root_mode("/sys/class/powercap/intel-rapl:0/energy_uj", 0);
    obey_permissions();
    gb_counter_set s = measure(&f, (gb_counter_choice){0}, GB_COUNTER_GROUP_energy);
    ignore_permissions_again();
    ck_assert_ptr_nonnull(strstr(s.of[0].reason, "energy_uj is readable by root only: run as root, or chmod o+r it"));
    ck_absent(&s, 1, "no powercap zone");
}
END_TEST

/* Lists of groups and events, and what is none. */
START_TEST(choices) {
    gb_counter_choice c = {0};
    gb_error err = {0};
    ck_assert_int_eq(gb_counter_groups_parse("--counters", "energy,core", &c, &err), GB_OK);
    ck_assert(c.group[GB_COUNTER_GROUP_core] && c.group[GB_COUNTER_GROUP_energy] && !c.group[GB_COUNTER_GROUP_cache]);
    ck_assert_int_eq(gb_counter_groups_parse("--counters", "none", &c, &err), GB_OK);
    ck_assert(!c.group[GB_COUNTER_GROUP_core]);
    static const char *const bad[] = {"", "cor", "core,", "events", "core,none"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_int_eq(gb_counter_groups_parse("--counters", bad[i], &c, &err), GB_EINPUT);
    static const char *const wrong[] = {"",       "A,,B", "A,A",
                                        "cycles", "per",  "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char text[64];
        gb_counter_choice own = {0};
        (void)snprintf(text, sizeof text, "%s", wrong[i]);
        ck_assert_int_eq(gb_counter_events_parse("--events", text, &own, &err), GB_EINPUT);
    }
}
END_TEST

/* The real system: whatever it can do, a value or a reason for each counter of the table. */
START_TEST(real_system) {
    gb_counter_choice choice = {0};
    gb_counters *c = NULL;
    gb_counter_set s;
    for (int g = 0; g < GB_COUNTER_GROUP_events; g++) choice.group[g] = true;
    ck_assert_int_eq(gb_counters_open(&gb_perf_system, &choice, &c, NULL), GB_OK);
    ck_assert_int_eq(gb_counters_new_set(c, &s, NULL), GB_OK);
    ck_assert_uint_eq(s.count, gb_counter_table_rows);
    for (int g = 0; g < GB_COUNTER_GROUP_events; g++) {
        gb_counters_start(c, (gb_counter_group)g);
        for (volatile int i = 0; i < 100000; i++) continue;
        gb_counters_stop(c, (gb_counter_group)g, 1, &s);
    }
    for (size_t i = 0; i < s.count; i++)
        ck_assert_msg(s.of[i].present != (s.of[i].reason[0] != 0), "%s: %s", s.of[i].name, s.of[i].reason);
    const gb_counter_value *instructions = gb_counter_find(&s, "instructions");
    if (instructions) ck_assert(instructions->value >= 100000);
    free(s.of);
    gb_counters_close(c);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("counters");
    TCase *tc = tcase_create("counters");
    tcase_add_checked_fixture(tc, fake_root_enter, fake_root_leave);
    tcase_add_test(tc, all_present);
    tcase_add_loop_test(tc, refusals, 0, 9);
    tcase_add_test(tc, partly_refused);
    tcase_add_test(tc, leader_unknown);
    tcase_add_test(tc, too_few_counters);
    tcase_add_test(tc, not_the_whole_interval);
    tcase_add_loop_test(tc, failures_while_measuring, 0, 3);
    tcase_add_test(tc, memory_bytes);
    tcase_add_test(tc, memory_refused);
    tcase_add_test(tc, memory_of_amd);
    tcase_add_test(tc, topdown);
    tcase_add_test(tc, own_events);
    tcase_add_test(tc, energy);
    tcase_add_test(tc, energy_by_pmu);
    tcase_add_test(tc, energy_of_root);
    tcase_add_test(tc, choices);
    tcase_add_test(tc, real_system);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}

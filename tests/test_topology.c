/* harness/topology: SMT siblings taken for cores, the slow kind of core taken first, wrong cache sharing. */
#include <check.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "harness/cpu_list.h"
#include "harness/topology.h"
#include "tests/support/fake_root.h"
#include "tests/support/suite.h"

static gb_topology made;

static void make(const char *text, const int *kinds, size_t count) {
    gb_error err = {0};
    ck_assert_msg(gb_topology_synthetic(text, kinds, count, &made, &err) == GB_OK, "%s", err.text);
}

#ifdef GB_HAVE_HWLOC

/* Two NUMA nodes, SMT: counts, nodes and caches; one CPU per core before any sibling. */
START_TEST(numa_and_smt) {
    make("numa:2 l3:1(size=8388608) l2:2(size=1048576) l1d:1(size=32768) core:1 pu:2", NULL, 0);
    ck_assert_uint_eq(made.cpu_count, 8);
    ck_assert_uint_eq(made.core_count, 4);
    ck_assert_uint_eq(made.node_count, 2);
    ck_assert_uint_eq(made.kind_count, 1);
    ck_assert(made.smt);
    ck_assert_uint_eq(made.l1d.bytes, 32768);
    ck_assert_uint_eq(made.l1d.sharing, 2);
    ck_assert_uint_eq(made.l2.bytes, 1048576);
    ck_assert_uint_eq(made.l3.bytes, 8388608);
    ck_assert_uint_eq(made.l3.sharing, 4);
    ck_assert_int_eq(made.cpus[3].node, 0);
    ck_assert_int_eq(made.cpus[4].node, 1);
    ck_assert_int_eq(made.cpus[5].core, 2);
    static const int expected[] = {0, 2, 4, 6, 1, 3, 5, 7};
    int cpus[9] = {0};
    ck_assert_uint_eq(gb_topology_default_cpus(&made, 9, cpus), 8);
    ck_assert_int_eq(memcmp(cpus, expected, sizeof expected), 0);
    ck_assert_uint_eq(gb_topology_default_cpus(&made, 3, cpus), 3);
    ck_assert_uint_eq(gb_topology_fast_cores(&made, -1), 4); /* no siblings */
    ck_assert_uint_eq(gb_topology_fast_cores(&made, 1), 2);
    ck_assert_uint_eq(gb_topology_fast_cores(&made, 2), 0);
    ck_assert(gb_topology_has_cpu(&made, 7));
    ck_assert(!gb_topology_has_cpu(&made, 8));
    gb_topology_free(&made);
}
END_TEST

/* A hybrid machine whose slow cores come first in numbering: the fast ones are chosen first. */
START_TEST(hybrid) {
    static const int kinds[] = {1, 1, 1, 1, 7, 7};
    make("core:6 pu:1", kinds, 6);
    ck_assert_uint_eq(made.kind_count, 2);
    ck_assert(!made.smt);
    static const int expected[] = {4, 5, 0, 1, 2, 3};
    int cpus[6] = {0};
    ck_assert_uint_eq(gb_topology_default_cpus(&made, 6, cpus), 6);
    ck_assert_int_eq(memcmp(cpus, expected, sizeof expected), 0);
    ck_assert_uint_eq(gb_topology_fast_cores(&made, -1), 2);
    gb_topology_free(&made);
}
END_TEST

static void print_made(const char *expected) {
    char *text = NULL;
    size_t size = 0;
    gb_error err = {0};
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    ck_assert_int_eq(gb_topology_print(out, &made, &err), GB_OK);
    ck_assert_int_eq(fclose(out), 0);
    const char *lines = strchr(text, '\n'); /* the first one names hwloc's version */
    ck_assert_ptr_nonnull(lines);
    ck_assert_str_eq(lines + 1, expected);
    free(text);
    gb_topology_free(&made);
}

/* A hybrid machine as Linux describes it in /sys: two fast cores with two threads each, two slow ones that share an L2;
 * nothing of this machine shows through. */
START_TEST(hybrid_of_sysfs) {
    char path[160];
    fake_root_put("/proc/cpuinfo", "processor\t: 0\n");
    fake_root_put("/sys/devices/system/cpu/online", "0-5\n");
    fake_root_put("/sys/devices/system/cpu/possible", "0-5\n");
    fake_root_put("/sys/devices/cpu_core/cpus", "0-3\n");
    fake_root_put("/sys/devices/cpu_atom/cpus", "4-5\n");
    for (int cpu = 0; cpu < 6; cpu++) {
        const int fast = cpu < 4;
        char threads[8];
        char shared[8];
        (void)snprintf(threads, sizeof threads, "%x\n", fast ? 3U << (cpu & ~1) : 1U << cpu);
        (void)snprintf(shared, sizeof shared, "%x\n", fast ? 3U << (cpu & ~1) : 0x30U);
        const struct {
            const char *file, *text;
        } files[] = {{"topology/core_cpus", threads},
                     {"topology/thread_siblings", threads},
                     {"topology/core_id", fast ? (cpu < 2 ? "0\n" : "1\n") : (cpu == 4 ? "2\n" : "3\n")},
                     {"topology/package_cpus", "3f\n"},
                     {"topology/core_siblings", "3f\n"},
                     {"topology/physical_package_id", "0\n"},
                     {"cache/index0/shared_cpu_map", threads},
                     {"cache/index0/level", "1\n"},
                     {"cache/index0/type", "Data\n"},
                     {"cache/index0/size", fast ? "48K\n" : "32K\n"},
                     {"cache/index1/shared_cpu_map", shared},
                     {"cache/index1/level", "2\n"},
                     {"cache/index1/type", "Unified\n"},
                     {"cache/index1/size", "2048K\n"},
                     {"cpufreq/cpuinfo_max_freq", fast ? "5000000\n" : "3800000\n"}};
        for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
            (void)snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/%s", cpu, files[i].file);
            fake_root_put(path, files[i].text);
        }
    }
    ck_assert_int_eq(setenv("HWLOC_FSROOT", fake_root, 1), 0);
    ck_assert_int_eq(setenv("HWLOC_COMPONENTS", "linux,stop", 1), 0);
    gb_error err = {0};
    ck_assert_msg(gb_topology_read(&made, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(made.cpu_count, 6);
    ck_assert_uint_eq(made.core_count, 4);
    ck_assert_uint_eq(made.kind_count, 2);
    ck_assert(made.smt);
    ck_assert_uint_eq(gb_topology_fast_cores(&made, -1), 2);
    static const int expected[] = {0, 2, 4, 5, 1, 3};
    int cpus[6] = {0};
    ck_assert_uint_eq(gb_topology_default_cpus(&made, 6, cpus), 6);
    ck_assert_int_eq(memcmp(cpus, expected, sizeof expected), 0);
    made.nodes[0].bytes = 0;
    print_made("  package 0: CPUs 0-5\n"
               "    NUMA node 0: CPUs 0-5\n"
               "      no L3 known: CPUs 0-5\n"
               "        2 cores of kind 1 (P, the fastest), L1d 48 KiB, L2 2 MiB, 2 threads each (SMT): CPUs 0-3; "
               "siblings 0+1, 2+3\n"
               "        2 cores of kind 0 (E, the slowest), L1d 32 KiB, L2 2 MiB for 2 CPUs: CPUs 4-5\n");
}
END_TEST

/* Two packages with a node and a last cache each, pairs of cores on one L2, SMT: every level once, sharing counted. */
START_TEST(tree) {
    make("package:2 numa:1(memory=1073741824) l3:1(size=8388608) l2:1(size=1048576) l1d:2(size=32768) core:1 pu:2",
         NULL, 0);
    print_made("  package 0: CPUs 0-3\n"
               "    NUMA node 0: 1 GiB, CPUs 0-3\n"
               "      L3 8 MiB: CPUs 0-3\n"
               "        2 cores, L1d 32 KiB, L2 1 MiB for 4 CPUs, 2 threads each (SMT): CPUs 0-3; siblings 0+1, 2+3\n"
               "  package 1: CPUs 4-7\n"
               "    NUMA node 1: 1 GiB, CPUs 4-7\n"
               "      L3 8 MiB: CPUs 4-7\n"
               "        2 cores, L1d 32 KiB, L2 1 MiB for 4 CPUs, 2 threads each (SMT): CPUs 4-7; siblings 4+5, 6+7\n");
}
END_TEST

/* Kinds of cores are groups of their own, though all else is equal. */
START_TEST(tree_of_kinds) {
    static const int kinds[] = {1, 1, 7, 7};
    make("package:1 core:4 pu:1", kinds, 4);
    made.nodes[0].bytes = 0;
    print_made("  package 0: CPUs 0-3\n"
               "    NUMA node 0: CPUs 0-3\n"
               "      no L3 known: CPUs 0-3\n"
               "        2 cores of kind 0 (E, the slowest): CPUs 0-1\n"
               "        2 cores of kind 1 (P, the fastest): CPUs 2-3\n");
}
END_TEST

/* CPUs of one node, by the system's number, cores before siblings; caches as another kind of core sees them. */
START_TEST(nodes_and_views) {
    make("numa:2 l2:2(size=1048576) core:1 pu:2", NULL, 0);
    static const int expected[] = {4, 6, 5, 7};
    int cpus[8] = {0};
    ck_assert_uint_eq(gb_topology_node_cpus(&made, 1, 8, cpus), 4);
    ck_assert_int_eq(memcmp(cpus, expected, sizeof expected), 0);
    ck_assert_uint_eq(gb_topology_node_cpus(&made, 2, 8, cpus), 0);
    ck_assert_uint_eq(gb_topology_node_cpus(&made, -1, 8, cpus), 0);
    ck_assert_int_eq(gb_topology_node_of(&made, 3), 0);
    ck_assert_int_eq(gb_topology_node_of(&made, 4), 1);
    ck_assert_int_eq(gb_topology_node_of(&made, 8), -1);
    made.cpus[6].cache[1] = made.cpus[7].cache[1] = (gb_cpu_cache){.id = 77, .bytes = 4096};
    gb_topology_look_from(&made, 6);
    ck_assert(made.l2.bytes == 4096 && made.l2.sharing == 2);
    gb_topology_look_from(&made, 99); /* no such CPU: nothing changes */
    ck_assert_uint_eq(made.l2.bytes, 4096);
    gb_topology_free(&made);
}
END_TEST

/* Descriptions that make no sense are errors with a message. */
START_TEST(bad_descriptions) {
    static const int kinds[] = {1, 2, 3};
    gb_error err = {0};
    ck_assert_int_eq(gb_topology_synthetic("core:x pu", NULL, 0, &made, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "core:x pu"));
    ck_assert_int_eq(gb_topology_synthetic("core:2 pu:1", kinds, 3, &made, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "3 cores"));
    ck_assert_ptr_null(made.cpus);
}
END_TEST

#else

/* Without hwloc the facts name their poorer source, and a synthetic machine is refused. */
START_TEST(without_hwloc) {
    gb_error err = {0};
    ck_assert_int_eq(gb_topology_synthetic("core:2 pu:1", NULL, 0, &made, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "hwloc is not built in"));
}
END_TEST

#endif

/* CPU lists: ranges, order, and what is none. */
START_TEST(cpu_lists) {
    int cpus[6];
    size_t count = 0;
    gb_error err = {0};
    ck_assert_int_eq(gb_cpu_list_parse("--x", "7,2-4,0", cpus, 6, &count, &err), GB_OK);
    static const int expected[] = {7, 2, 3, 4, 0};
    ck_assert_uint_eq(count, 5);
    ck_assert_int_eq(memcmp(cpus, expected, sizeof expected), 0);
    static const char *const bad[] = {"",       ",", "1,", "a", "3-1", "1-", "-1", "1 ", "1,,2", "99999999999999999999",
                                      "2097152"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        ck_assert_int_eq(gb_cpu_list_parse("--x", bad[i], cpus, 6, &count, &err), GB_EINPUT);
        ck_assert_ptr_nonnull(strstr(err.text, "expected CPU numbers"));
    }
    ck_assert_int_eq(gb_cpu_list_parse("--x", "1,0-2", cpus, 6, &count, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "CPU 1 twice"));
    ck_assert_int_eq(gb_cpu_list_parse("--x", "0-1000000", cpus, 6, &count, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "more than 6"));
    static const int some[] = {0, 1, 2, 5, 7, 8};
    char text[16];
    gb_cpu_list_print(some, 6, text, sizeof text);
    ck_assert_str_eq(text, "0-2,5,7-8");
    gb_cpu_list_print(some, 6, text, 9);
    ck_assert_str_eq(text, "0-2,5...");
    gb_cpu_list_print(some, 0, text, sizeof text);
    ck_assert_str_eq(text, "");
}
END_TEST

/* This machine: exactly the CPUs of the affinity mask, each once. */
START_TEST(this_machine) {
    gb_error err = {0};
    ck_assert_msg(gb_topology_read(&made, &err) == GB_OK, "%s", err.text);
    cpu_set_t mask;
    CPU_ZERO(&mask);
    ck_assert_int_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    ck_assert_uint_eq(made.cpu_count, (size_t)CPU_COUNT(&mask));
    ck_assert_uint_ge(made.cpu_count, made.core_count);
    ck_assert_uint_ge(made.node_count, 1);
    ck_assert_uint_gt(strlen(made.source), 0);
    int *cpus = calloc(made.cpu_count, sizeof *cpus);
    ck_assert_ptr_nonnull(cpus);
    ck_assert_uint_eq(gb_topology_default_cpus(&made, made.cpu_count, cpus), made.cpu_count);
    for (size_t i = 0; i < made.cpu_count; i++) {
        ck_assert(CPU_ISSET((size_t)cpus[i], &mask));
        CPU_CLR((size_t)cpus[i], &mask);
    }
    free(cpus);
    gb_topology_free(&made);
}
END_TEST

/* A process bound to one CPU sees only that one. */
START_TEST(bound_process) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    ck_assert_int_eq(sched_getaffinity(0, sizeof mask, &mask), 0);
    size_t cpu = 0;
    while (!CPU_ISSET(cpu, &mask)) cpu++;
    CPU_ZERO(&mask);
    CPU_SET(cpu, &mask);
    ck_assert_int_eq(sched_setaffinity(0, sizeof mask, &mask), 0);
    ck_assert_int_eq(gb_topology_read(&made, NULL), GB_OK);
    ck_assert_uint_eq(made.cpu_count, 1);
    ck_assert_int_eq(made.cpus[0].os_index, (int)cpu);
    gb_topology_free(&made);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("topology");
    TCase *tc = tcase_create("topology");
    tcase_add_checked_fixture(tc, fake_root_enter, fake_root_leave);
#ifdef GB_HAVE_HWLOC
    tcase_add_test(tc, numa_and_smt);
    tcase_add_test(tc, hybrid);
    tcase_add_test(tc, hybrid_of_sysfs);
    tcase_add_test(tc, bad_descriptions);
    tcase_add_test(tc, tree);
    tcase_add_test(tc, nodes_and_views);
    tcase_add_test(tc, tree_of_kinds);
#else
    tcase_add_test(tc, without_hwloc);
    (void)make;
#endif
    tcase_add_test(tc, cpu_lists);
    tcase_add_test(tc, this_machine);
    tcase_add_test(tc, bound_process);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}

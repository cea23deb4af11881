#include "harness/counter_table.h"

#include <string.h>

#include "harness/names.h"

const char *const gb_counter_group_names[GB_COUNTER_GROUP_COUNT] = {
#define GB_COUNTER_GROUP_NAME(name, what) #name,
    GB_COUNTER_GROUPS(GB_COUNTER_GROUP_NAME)
#undef GB_COUNTER_GROUP_NAME
};

#define GENERIC "perf::PERF_COUNT_HW_"

/* Within a group in order of importance: when the hardware has too few counters for all, the last ones are given up.
 * The kernel's generic "cache misses" are left out: what they mean differs, on AMD misses of L2. */
const gb_counter_row gb_counter_table[] = {
    {"cycles", GB_COUNTER_GROUP_core, {GENERIC "CPU_CYCLES"}},
    {"instructions", GB_COUNTER_GROUP_core, {GENERIC "INSTRUCTIONS"}},
    {"branches", GB_COUNTER_GROUP_core, {GENERIC "BRANCH_INSTRUCTIONS"}},
    {"branch_misses", GB_COUNTER_GROUP_core, {GENERIC "BRANCH_MISSES"}},

    {"l1d_misses", GB_COUNTER_GROUP_cache, {GENERIC "CACHE_L1D:READ:MISS"}},
    {"l2_misses",
     GB_COUNTER_GROUP_cache,
     {"L2_RQSTS:ALL_DEMAND_MISS", "CORE_TO_L2_CACHEABLE_REQUEST_ACCESS_STATUS:LS_RD_BLK_C", "L2D_CACHE_REFILL"}},
    {"llc_misses", GB_COUNTER_GROUP_cache, {"LONGEST_LAT_CACHE:MISS", GENERIC "CACHE_LL:READ:MISS"}},
    /* servers of Intel, clients of Intel, AMD (column accesses of 64 bytes) */
    {"dram_read_bytes",
     GB_COUNTER_GROUP_cache,
     {"uncore_imc*/cas_count_read/", "uncore_imc*/data_reads/", "uncore_imc*/data_read/",
      "amd_umc*/event=0x0a,rdwrmask=1/"}},
    {"dram_write_bytes",
     GB_COUNTER_GROUP_cache,
     {"uncore_imc*/cas_count_write/", "uncore_imc*/data_writes/", "uncore_imc*/data_write/",
      "amd_umc*/event=0x0a,rdwrmask=2/"}},

    /* the kernel's names, of Ice Lake and later first; the slots must lead their group */
    {"slots", GB_COUNTER_GROUP_topdown, {"cpu/slots/", "cpu_core/slots/", "cpu/topdown-total-slots/"}},
    {"retiring",
     GB_COUNTER_GROUP_topdown,
     {"cpu/topdown-retiring/", "cpu_core/topdown-retiring/", "cpu/topdown-slots-retired/"}},
    {"frontend_bound",
     GB_COUNTER_GROUP_topdown,
     {"cpu/topdown-fe-bound/", "cpu_core/topdown-fe-bound/", "cpu/topdown-fetch-bubbles/"}},
    {"backend_bound", GB_COUNTER_GROUP_topdown, {"cpu/topdown-be-bound/", "cpu_core/topdown-be-bound/"}},
    {"bad_speculation", GB_COUNTER_GROUP_topdown, {"cpu/topdown-bad-spec/", "cpu_core/topdown-bad-spec/"}},

    {"fp_scalar", GB_COUNTER_GROUP_fp, {"FP_ARITH_INST_RETIRED:SCALAR_SINGLE", "VFP_SPEC"}},
    {"fp_vector",
     GB_COUNTER_GROUP_fp,
     {"FP_ARITH_INST_RETIRED:VECTOR", "FP_ARITH_INST_RETIRED:128B_PACKED_SINGLE:256B_PACKED_SINGLE:512B_PACKED_SINGLE",
      "FP_ARITH_INST_RETIRED:128B_PACKED_SINGLE:256B_PACKED_SINGLE"}},
    {"fp_operations", GB_COUNTER_GROUP_fp, {"RETIRED_SSE_AVX_FLOPS:ANY"}},
    {"int_vector_128",
     GB_COUNTER_GROUP_fp,
     {"INT_VEC_RETIRED:128BIT", "PACKED_INT_OPS_RETIRED:INT128_ALL", "ASE_SPEC"}},
    {"int_vector_256", GB_COUNTER_GROUP_fp, {"INT_VEC_RETIRED:256BIT", "PACKED_INT_OPS_RETIRED:INT256_ALL"}},

    {"energy_package", GB_COUNTER_GROUP_energy, {"powercap:package-", "power/energy-pkg/"}},
    {"energy_cores", GB_COUNTER_GROUP_energy, {"powercap:core", "power/energy-cores/"}},
    {"energy_dram", GB_COUNTER_GROUP_energy, {"powercap:dram", "power/energy-ram/"}},
    {"energy_platform", GB_COUNTER_GROUP_energy, {"powercap:psys", "power/energy-psys/"}},
};
const size_t gb_counter_table_rows = sizeof gb_counter_table / sizeof gb_counter_table[0];

int gb_counter_groups_parse(const char *option, const char *text, gb_counter_choice *choice, gb_error *err) {
    const bool events = choice->group[GB_COUNTER_GROUP_events];
    memset(choice->group, 0, sizeof choice->group);
    choice->group[GB_COUNTER_GROUP_events] = events;
    if (strcmp(text, "none") == 0 ||
        gb_names_parse(text, gb_counter_group_names, GB_COUNTER_GROUP_events, choice->group))
        return GB_OK;
    return gb_fail(err, GB_EINPUT,
                   "%s '%s': expected core, cache, topdown, fp or energy, with commas between them, or none", option,
                   text);
}

static bool is_taken(const gb_counter_choice *choice, const char *name) {
    for (size_t i = 0; i < gb_counter_table_rows; i++)
        if (strcmp(gb_counter_table[i].name, name) == 0) return true;
    for (size_t i = 0; i < choice->event_count; i++)
        if (strcmp(choice->event[i], name) == 0) return true;
    return strcmp(name, "per") == 0; /* beside the counters in a record */
}

/* The next comma that is not within the slashes of pmu/term,term/. */
static char *end_of_event(char *at) {
    bool inside = false;
    for (; *at && (inside || *at != ','); at++) inside ^= *at == '/';
    return at;
}

int gb_counter_events_parse(const char *option, char *text, gb_counter_choice *choice, gb_error *err) {
    for (char *at = text;; at++) {
        char *end = end_of_event(at);
        const bool last = !*end;
        *end = 0;
        if (!*at) return gb_fail(err, GB_EINPUT, "%s: an empty name in the list", option);
        if (choice->event_count == GB_MOST_EVENTS)
            return gb_fail(err, GB_EINPUT, "%s: more than %d events", option, GB_MOST_EVENTS);
        if (is_taken(choice, at))
            return gb_fail(err, GB_EINPUT, "%s '%s': the name of a counter, or given twice", option, at);
        choice->event[choice->event_count++] = at;
        choice->group[GB_COUNTER_GROUP_events] = true;
        if (last) return GB_OK;
        at = end;
    }
}

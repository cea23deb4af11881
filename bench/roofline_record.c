/* Ceilings and places under them as records. */
#include <stdio.h>

#include "bench/roofline.h"

void gb_roofline_annotate(gb_record *record, const gb_roof *roof) {
    const char *unit = roof->intensity > 0 ? "Gop/s" : "GB/s";
    gb_record_text(record, "arithmetic", gb_arithmetic_names[roof->arithmetic]);
    gb_record_value(record, "roof_by_memory", unit, roof->memory);
    if (roof->compute > 0) gb_record_value(record, "roof_by_products", unit, roof->compute);
    gb_record_value(record, "roof", unit, roof->limit);
    if (roof->limit > 0) gb_record_value(record, "of_roof", "ratio", roof->reached / roof->limit);
    if (roof->intensity > 0) gb_record_value(record, "ops_per_byte", "op/B", roof->intensity);
}

/* One row of the table of ceilings: levels, then int8 and float of every ISA. */
enum { ENTRIES = GB_BENCH_LEVEL_COUNT + 2 * GB_ISA_COUNT };

typedef struct entry {
    char name[64];
    const char *key, *of, *metric, *unit; /* key: of the subject */
    double value;                         /* 0: not measured */
} entry;

static entry entry_of(const gb_ceiling *c, size_t i) {
    entry e = {.key = "level", .metric = "gbps", .unit = "GB/s"};
    if (i < GB_BENCH_LEVEL_COUNT) {
        e.of = gb_bench_level_names[i];
        e.value = c->gbps[i];
        (void)snprintf(e.name, sizeof e.name, "read %s", e.of);
        return e;
    }
    const size_t isa = (i - GB_BENCH_LEVEL_COUNT) / 2;
    const bool int8 = (i - GB_BENCH_LEVEL_COUNT) % 2 == 0;
    e = (entry){.key = "isa", .of = gb_isas[isa].name, .metric = "gops", .unit = "Gop/s"};
    e.value = int8 ? c->int8_gops[isa] : c->float_gops[isa];
    (void)snprintf(e.name, sizeof e.name, "%s %s", int8 ? "int8" : "floats", e.of);
    return e;
}

size_t gb_ceiling_records(const gb_ceilings *c) {
    size_t n = 0;
    for (size_t i = 0; i < c->count * ENTRIES; i++) n += entry_of(&c->of[i / ENTRIES], i % ENTRIES).value > 0;
    return n;
}

int gb_ceiling_record(const gb_ceilings *c, size_t index, const gb_run *run, gb_record **out, gb_error *err) {
    *out = NULL;
    for (size_t i = 0; i < c->count * ENTRIES; i++) {
        const gb_ceiling *at = &c->of[i / ENTRIES];
        const entry e = entry_of(at, i % ENTRIES);
        if (!(e.value > 0) || index-- > 0) continue;
        gb_record *r = *out = gb_record_new("ceiling", e.name, err);
        if (!r) return GB_ESYSTEM;
        gb_record_text(r, e.key, e.of);
        gb_record_number(r, "threads", (double)at->threads);
        if (i % ENTRIES < GB_BENCH_LEVEL_COUNT) gb_record_text(r, "loads", gb_isas[c->reader].name);
        gb_record_value(r, e.metric, e.unit, e.value);
        gb_record_verify(r, "not applicable", NULL); /* no result comes from these loops */
        gb_record_run(r, run);
        return GB_OK;
    }
    return gb_fail(err, GB_EINPUT, "no such ceiling");
}

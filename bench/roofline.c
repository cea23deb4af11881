#include "bench/roofline.h"

static gb_bench_level level_of(size_t working_set, bool cold, const gb_topology *t) {
    if (cold) return GB_BENCH_LEVEL_dram;
    /* working sets are half a cache; what a level's bytes are not known for counts as gb_bench_level_bytes() says */
    if (working_set <= 2 * gb_bench_level_bytes(GB_BENCH_LEVEL_l1, t)) return GB_BENCH_LEVEL_l1;
    if (working_set <= 2 * gb_bench_level_bytes(GB_BENCH_LEVEL_l2, t)) return GB_BENCH_LEVEL_l2;
    const size_t l3 = gb_bench_level_bytes(GB_BENCH_LEVEL_dram, t) / 4;
    const size_t own = gb_bench_level_bytes(GB_BENCH_LEVEL_l3, t);
    return working_set <= (l3 > own ? l3 : own) ? GB_BENCH_LEVEL_l3 : GB_BENCH_LEVEL_dram;
}

gb_bench_level gb_level_of_set(size_t bytes, size_t threads, const gb_topology *t) {
    const gb_bench_level own = level_of(bytes / threads, false, t); /* of its share, each has its own first caches */
    return own <= GB_BENCH_LEVEL_l2 ? own : level_of(bytes, false, t);
}

gb_roof gb_roof_of(const gb_bench_result *r, bool cold, const gb_topology *topology, const gb_ceiling *ceiling) {
    gb_roof roof = {.level = level_of(r->working_set, cold, topology),
                    .arithmetic = gb_arithmetic_of(r->kernel->format, r->kernel->op)};
    const double gbps = ceiling->gbps[roof.level];
    if (r->work.ops <= 0) {
        roof.memory = roof.limit = gbps;
        roof.reached = gb_bench_gbps(r);
        return roof;
    }
    roof.intensity = r->work.ops / r->work.bytes;
    roof.memory = roof.intensity * gbps;
    roof.compute = roof.arithmetic == GB_ARITHMETIC_int8 ? ceiling->int8_gops[r->kernel->isa]
                                                         : ceiling->float_gops[r->kernel->isa];
    roof.limit = roof.compute > 0 && roof.compute < roof.memory ? roof.compute : roof.memory;
    roof.reached = gb_bench_gops(r);
    return roof;
}

static void print_ceilings(FILE *out, const gb_ceilings *c) {
    fprintf(out, "\nceilings, measured: best of several trials, one thread per core\n%-8s", "threads");
    for (int l = 0; l < GB_BENCH_LEVEL_COUNT; l++) fprintf(out, " %6s GB/s", gb_bench_level_names[l]);
    for (int isa = 0; isa < GB_ISA_COUNT; isa++)
        if (c->of[0].int8_gops[isa] > 0) fprintf(out, "  %18s", gb_isas[isa].name);
    fprintf(out, "\n%-8s %*s", "", GB_BENCH_LEVEL_COUNT * 12 - 1, "");
    for (int isa = 0; isa < GB_ISA_COUNT; isa++)
        if (c->of[0].int8_gops[isa] > 0) fprintf(out, "  %18s", "int8 | float Gop/s");
    fputc('\n', out);
    for (size_t i = 0; i < c->count; i++) {
        fprintf(out, "%-8zu", c->of[i].threads);
        for (int l = 0; l < GB_BENCH_LEVEL_COUNT; l++) fprintf(out, " %11.1f", c->of[i].gbps[l]);
        for (int isa = 0; isa < GB_ISA_COUNT; isa++)
            if (c->of[0].int8_gops[isa] > 0)
                fprintf(out, "  %8.1f |%8.1f", c->of[i].int8_gops[isa], c->of[i].float_gops[isa]);
        fputc('\n', out);
    }
    fprintf(out, "read with the loads of %s; float: fused multiply-add where the ISA has it\n",
            gb_isas[c->reader].name);
}

static void print_place(FILE *out, const gb_bench_result *r, const gb_roof *roof) {
    char intensity[32] = "-";
    char memory[32];
    char compute[32] = "-";
    const char *unit = roof->intensity > 0 ? "Gop/s" : "GB/s";
    if (roof->intensity > 0) (void)snprintf(intensity, sizeof intensity, "%.2f", roof->intensity);
    if (roof->compute > 0) (void)snprintf(compute, sizeof compute, "%.1f", roof->compute);
    (void)snprintf(memory, sizeof memory, "%.1f", roof->memory);
    fprintf(out, "%-34s %-5s %-6s %7.3f %8s %9.1f %10s %11s %-5s  %-6s %6.1f %%", r->kernel->name,
            gb_bench_level_names[roof->level], gb_arithmetic_names[roof->arithmetic],
            gb_bits_per_weight(r->kernel->format, r->shape.n), intensity, roof->reached, memory, compute, unit,
            roof->limit < roof->memory ? "arithm" : "memory", roof->limit > 0 ? roof->reached / roof->limit * 100 : 0);
    if (r->place->n) fprintf(out, "  %s", r->place->name);
    fputc('\n', out);
}

void gb_roofline_print(FILE *out, const gb_bench_report *report, const gb_topology *topology,
                       const gb_ceilings *ceilings) {
    print_ceilings(out, ceilings);
    fprintf(out, "\n%-34s %-5s %-6s %7s %8s %9s %10s %11s %-5s  %-6s %8s\n", "kernel, one thread", "in", "kind",
            "bits/w", "ops/byte", "reached", "by memory", "by products", "unit", "limit", "of it");
    for (size_t i = 0; i < report->count; i++) {
        const gb_bench_result *r = &report->results[i];
        if (r->verdict != GB_VERIFY_OK) continue;
        const gb_roof roof = gb_roof_of(r, report->cold, topology, &ceilings->of[0]);
        print_place(out, r, &roof);
    }
}

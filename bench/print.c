#include "bench/print.h"

#include <stdint.h>
#include <string.h>

#include "harness/clock.h"
#include "harness/provenance.h"

static const char *const verdict_names[] = {
    [GB_VERIFY_OK] = "ok", [GB_VERIFY_FAIL] = "fail", [GB_VERIFY_SKIP] = "not applicable"};

/* A number with four significant digits, without an exponent for what occurs here. */
static const char *digits(double v, char buffer[32]) {
    const int decimals = v >= 1000 ? 0 : v >= 100 ? 1 : v >= 10 ? 2 : v >= 1 ? 3 : 4;
    (void)snprintf(buffer, 32, "%.*f", decimals, v);
    return buffer;
}

static void print_fact(FILE *out, const char *label, const gb_fact *f) {
    if (f->present && f->is_number)
        fprintf(out, "%-10s %.15g\n", label, f->number);
    else
        fprintf(out, "%-10s %s%s\n", label, f->present ? "" : "absent: ", f->text);
}

static void print_header(FILE *out, const gb_bench_options *options, const gb_bench_report *report, const gb_run *run) {
    fprintf(out, "gaugeblock %s, commit %s, %s, %s\n", gb_build.version, gb_build.commit, gb_build.compiler,
            gb_build.flags);
    print_fact(out, "cpu", &run->machine.fact[GB_FACT_cpu_model]);
    print_fact(out, "hypervisor", &run->machine.fact[GB_FACT_hypervisor]);
    print_fact(out, "governor", &run->machine.fact[GB_FACT_governor]);
    print_fact(out, "load", &run->machine.fact[GB_FACT_load_1m]);
    if (run->pin_note[0])
        fprintf(out, "pinning    none: %s\n", run->pin_note);
    else if (run->cpu_count)
        fprintf(out, "pinning    CPU %d\n", run->cpus[0]);
    fprintf(out, "timer      %s; subtracted: %.1f ns per sample, %.2f ns per call\n", report->timer, report->timer_ns,
            report->call_ns);
    fprintf(out, "samples    at least %zu and %g ms per kernel", options->samples, options->min_ms);
    if (options->precision > 0)
        fprintf(out, ", more until the interval is under %g %% or %g ms are over", options->precision * 100,
                options->max_ms > 0 ? options->max_ms : 10 * options->min_ms);
    fprintf(out, "; order randomized, seed %llu\n", (unsigned long long)run->seed);
    if (options->cold) fprintf(out, "caches     cold: one pass a sample, its data dropped from all caches before\n");
    if (!report->counter_note) fprintf(out, "counters   none asked for\n");
    for (const char *line = report->counter_note; line && *line; line += strcspn(line, "\n") + 1)
        fprintf(out, "counters   %.*s\n", (int)strcspn(line, "\n"), line);
}

/* What was counted, per 32 weights; slots as shares. */
static void print_counters(FILE *out, const gb_bench_result *r) {
    const gb_counter_value *slots = gb_counter_find(&r->counters, "slots");
    const char *between = "    per 32 weights: ";
    for (size_t i = 0; i < r->counters.count; i++) {
        const gb_counter_value *v = &r->counters.of[i];
        if (!v->present) continue;
        if (slots && v != slots && v->group == GB_COUNTER_GROUP_topdown)
            fprintf(out, "%s%s %.1f %%", between, v->name, slots->value > 0 ? v->value / slots->value * 100 : 0);
        else
            fprintf(out, "%s%s %.4g%s", between, v->name, gb_bench_per_32(r, v->value),
                    v->group == GB_COUNTER_GROUP_energy ? " J" : "");
        between = ", ";
    }
    const double ipc = gb_bench_ipc(r);
    if (ipc > 0) fprintf(out, "; IPC %.2f", ipc);
    if (strcmp(between, ", ") == 0) fputc('\n', out);
}

/* Counters that opened and then could not be read as they should. */
static void print_lost_counters(FILE *out, const gb_bench_result *r, const char *note) {
    const char *last = "";
    for (size_t i = 0; i < r->counters.count; i++) {
        const gb_counter_value *v = &r->counters.of[i];
        if (v->present || strcmp(v->reason, last) == 0 || strstr(note, v->reason)) continue;
        fprintf(out, "    %s: absent: %s\n", v->name, v->reason);
        last = v->reason;
    }
}

static void print_row(FILE *out, const gb_bench_result *r, const char *note) {
    fprintf(out, "%-34s ", r->kernel->name);
    if (r->verdict == GB_VERIFY_FAIL) {
        fprintf(out, "FAIL, not timed: %s\n", r->reason);
        return;
    }
    char shape[48];
    (void)snprintf(shape, sizeof shape, "%zux%zux%zu", r->shape.n, r->shape.rows, r->shape.cols);
    char median[32];
    char low[32];
    char high[32];
    char ratio[32] = "-";
    if (r->vs_scalar > 0) (void)snprintf(ratio, sizeof ratio, "%.2f", r->vs_scalar);
    char range[72];
    (void)snprintf(range, sizeof range, "%s-%s", digits(r->ns.low, low), digits(r->ns.high, high));
    fprintf(out, "%-14s %10s %19s %9.5f %8.3f %8.2f %8s %4zu\n", shape, digits(r->ns.median, median), range,
            gb_bench_ns_per_weight(r), gb_bench_cycles_per_32(r), gb_bench_gbps(r), ratio, r->ns.outliers);
    print_counters(out, r);
    if (note) print_lost_counters(out, r, note);
    if (r->disturbance.why[0]) fprintf(out, "    unreliable: %s\n", r->disturbance.why);
}

static void print_place(FILE *out, const gb_bench_report *report, const gb_bench_place *place) {
    if (place->n)
        fprintf(out, "\n%s: %zu rows of %zu elements\n", place->name, place->rows, place->n);
    else
        fprintf(out, "\n%s: working set of about %.0f KiB\n", place->name, (double)place->bytes / 1024);
    fprintf(out, "%-34s %-14s %10s %19s %9s %8s %8s %8s %4s\n", "kernel", "n x rows x c", "ns/call", "95 % interval",
            "ns/weight", "cyc/32w", "GB/s", "x scalar", "out");
    for (size_t i = 0; i < report->count; i++)
        if (report->results[i].place == place && report->results[i].verdict != GB_VERIFY_SKIP)
            print_row(out, &report->results[i], report->counter_note);
}

/* One line per ISA that was skipped, with the reason of its first kernel. */
static void print_skipped(FILE *out, const gb_bench_report *report) {
    for (int isa = 0; isa < GB_ISA_COUNT; isa++) {
        size_t count = 0;
        const char *reason = "";
        for (size_t i = 0; i < report->count; i++) {
            const gb_bench_result *r = &report->results[i];
            if (r->verdict != GB_VERIFY_SKIP || (int)r->kernel->isa != isa || r->place != report->places) continue;
            if (count++ == 0) reason = r->reason;
        }
        if (count) fprintf(out, "SKIP %s: %zu kernels: %s\n", gb_isas[isa].name, count, reason);
    }
}

/* Median and largest A/A difference of all results. */
static void print_noise(FILE *out, const gb_bench_report *report) {
    double worst = 0;
    double sum = 0;
    const char *name = "";
    for (size_t i = 0; i < report->count; i++) {
        const gb_bench_result *r = &report->results[i];
        if (r->verdict != GB_VERIFY_OK) continue;
        sum += r->noise;
        if (r->noise < worst) continue;
        worst = r->noise;
        name = r->kernel->name;
    }
    if (report->timed)
        fprintf(out, "A/A noise: halves of the same samples differ by %.2f %% on average, at most %.2f %% (%s)\n",
                sum / (double)report->timed * 100, worst * 100, name);
}

void gb_bench_print_coverage(FILE *out, size_t fewest) {
    size_t low = 0;
    size_t high = 0;
    if (fewest == 0 || fewest == SIZE_MAX) return; /* nothing was timed */
    const double coverage = gb_median_ranks(fewest, &low, &high);
    if (coverage < 0.95)
        fprintf(out,
                "intervals: of %zu samples the least and the most, which hold the median with %.4g %%, not 95 %%\n",
                fewest, coverage > 0 ? coverage * 100 : 0);
}

/* How far the samples can be trusted. */
static void print_quality(FILE *out, const gb_bench_options *options, const gb_bench_report *report) {
    size_t samples = 0;
    size_t outliers = 0;
    size_t wide = 0;
    size_t unreliable = 0;
    size_t fewest = SIZE_MAX;
    for (size_t i = 0; i < report->count; i++) {
        const gb_bench_result *r = &report->results[i];
        if (r->verdict != GB_VERIFY_OK) continue;
        samples += r->ns.n;
        fewest = r->ns.n < fewest ? r->ns.n : fewest;
        outliers += r->ns.outliers;
        wide += options->precision > 0 && gb_bench_ci_width(r) > options->precision;
        unreliable += r->disturbance.why[0] != 0;
    }
    gb_bench_print_coverage(out, fewest);
    if (wide)
        fprintf(out, "intervals: %zu of %zu are wider than %g %% of the median: the time limit came first\n", wide,
                report->timed, options->precision * 100);
    fprintf(out, "outliers (out): %zu of %zu samples lie more than three interquartile ranges off; none was dropped\n",
            outliers, samples);
    if (options->conditions) fprintf(out, "unreliable: %zu of %zu timings\n", unreliable, report->timed);
}

void gb_bench_print_table(FILE *out, const gb_bench_options *options, const gb_bench_report *report, const gb_run *run,
                          double stolen) {
    print_header(out, options, report, run);
    for (size_t i = 0; i < report->place_count; i++) print_place(out, report, &report->places[i]);
    fprintf(out, "\n");
    print_skipped(out, report);
    print_noise(out, report);
    print_quality(out, options, report);
    if (stolen >= 0) fprintf(out, "stolen by the hypervisor during the run: %.2f %% of CPU time\n", stolen * 100);
    fprintf(out, "%zu timings; kernels: %zu failed verification, %zu skipped\n", report->timed, report->failed,
            report->skipped);
}

void gb_bench_print_csv(FILE *out, const gb_bench_report *report) {
    fprintf(out, "kernel,format,op,isa,level,working_set,n,rows,cols,verdict,samples,ns_per_call,ci95_low,ci95_high,"
                 "ns_per_weight,cycles_per_32,gbps,gops,vs_scalar,aa_noise,cache,outliers,unreliable\n");
    for (size_t i = 0; i < report->count; i++) {
        const gb_bench_result *r = &report->results[i];
        fprintf(out, "%s,%s,%s,%s,%s,%zu,%zu,%zu,%zu,%s", r->kernel->name, gb_formats[r->kernel->format].name,
                gb_op_names[r->kernel->op], gb_isas[r->kernel->isa].name, r->place->name, r->working_set, r->shape.n,
                r->shape.rows, r->shape.cols, verdict_names[r->verdict]);
        if (r->verdict != GB_VERIFY_OK) {
            fprintf(out, ",0,,,,,,,,,,,,\n");
            continue;
        }
        fprintf(out, ",%zu,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,%.6g,", r->ns.n, r->ns.median, r->ns.low, r->ns.high,
                gb_bench_ns_per_weight(r), gb_bench_cycles_per_32(r), gb_bench_gbps(r), gb_bench_gops(r));
        if (r->vs_scalar > 0) fprintf(out, "%.6g", r->vs_scalar);
        fprintf(out, ",%.6g,%s,%zu,%d\n", r->noise, report->cold ? "cold" : "warm", r->ns.outliers,
                r->disturbance.why[0] != 0);
    }
}

static const char *unit_of(const gb_counter_value *v) {
    if (v->group == GB_COUNTER_GROUP_energy) return "J";
    return strstr(v->name, "_bytes") ? "B" : "1";
}

static void add_counts(gb_record *record, const gb_bench_result *r) {
    if (!r->counters.count) return;
    gb_record_counters(record, &r->counters, "call");
    for (size_t i = 0; i < r->counters.count; i++) {
        const gb_counter_value *v = &r->counters.of[i];
        char name[128];
        (void)snprintf(name, sizeof name, "%.100s_per_32", v->name);
        if (v->present) gb_record_value(record, name, unit_of(v), gb_bench_per_32(r, v->value));
    }
    if (gb_bench_ipc(r) > 0) gb_record_value(record, "ipc", "ratio", gb_bench_ipc(r));
}

static void add_timing(gb_record *record, const gb_bench_result *r) {
    gb_record_number(record, "n", (double)r->shape.n);
    gb_record_number(record, "rows", (double)r->shape.rows);
    gb_record_number(record, "cols", (double)r->shape.cols);
    gb_record_number(record, "working_set_bytes", (double)r->working_set);
    gb_record_number(record, "threads", 1);
    gb_record_number(record, "calls_per_sample", (double)r->calls);
    gb_record_number(record, "bytes_per_call", r->work.bytes);
    if (r->work.ops > 0) gb_record_number(record, "ops_per_call", r->work.ops);
    gb_record_metric(record, "ns_per_call", "ns", &r->ns, r->samples);
    if (r->vs_yardstick) {
        gb_record_metric(record, "vs_yardstick", "ratio", &r->yard, r->vs_yardstick);
        gb_record_value(record, "vs_yardstick_noise", "ratio", r->yard_noise);
    }
    const double per_weight = 1 / r->work.weights;
    const gb_summary weight = {.n = r->ns.n,
                               .median = r->ns.median * per_weight,
                               .low = r->ns.low * per_weight,
                               .high = r->ns.high * per_weight};
    gb_record_metric(record, "ns_per_weight", "ns", &weight, NULL);
    if (gb_tsc_hz() > 0) gb_record_value(record, "cycles_per_32", "TSC cycles", gb_bench_cycles_per_32(r));
    gb_record_value(record, "gbps", "GB/s", gb_bench_gbps(r));
    if (r->work.ops > 0) gb_record_value(record, "gops", "Gop/s", gb_bench_gops(r));
    if (r->vs_scalar > 0) gb_record_value(record, "vs_scalar", "ratio", r->vs_scalar);
    gb_record_value(record, "aa_noise", "ratio", r->noise);
    gb_record_value(record, "ci95_width", "ratio", gb_bench_ci_width(r));
    gb_record_disturbance(record, &r->disturbance);
    add_counts(record, r);
}

int gb_bench_record(const gb_bench_report *report, const gb_bench_result *r, const gb_run *run, double stolen,
                    gb_record **out, gb_error *err) {
    gb_record *record = *out = gb_record_new("kernel", r->kernel->name, err);
    if (!record) return GB_ESYSTEM;
    gb_record_text(record, "format", gb_formats[r->kernel->format].name);
    gb_record_text(record, "op", gb_op_names[r->kernel->op]);
    gb_record_text(record, "isa", gb_isas[r->kernel->isa].name);
    gb_record_text(record, "level", r->place->name);
    if (report->cold) gb_record_text(record, "cache", "cold");
    if (r->verdict == GB_VERIFY_OK) add_timing(record, r);
    gb_record_value(record, "timer_overhead", "ns per sample", report->timer_ns);
    gb_record_value(record, "call_overhead", "ns per call", report->call_ns);
    if (stolen >= 0) gb_record_value(record, "stolen_time", "ratio", stolen);
    gb_record_verify(record, verdict_names[r->verdict], r->reason);
    gb_record_run(record, run);
    return GB_OK;
}

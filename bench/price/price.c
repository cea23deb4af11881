/* The price of the numerics contract: every kernel against itself compiled without it (-ffast-math, -ffp-contract=fast:
 * the compiler may fuse and reorder), interleaved samples, the median of the ratios and its interval. The free versions
 * exist in this program only; nothing dispatches them.
 *   build/release/price [REGEX [LEVEL]]     kernels whose name matches (default: dot, gemv and gemm), l1 or l2
 * (default) */
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/measure.h"
#include "harness/alloc.h"
#include "kernels/built.h"
#include "kernels/cpu.h"

#define GB_KERNEL(format, op, isa, file) gb_##op##_fn gb_##format##_##op##_##isa##_free;
#include "kernels/kernels.def"
#undef GB_KERNEL

static const gb_kernel free_kernels[] = {
#define GB_KERNEL(format, op, isa, file)                                                                               \
    {"gb_" #format "_" #op "_" #isa "_free", GB_FORMAT_##format, GB_OP_##op, GB_ISA_##isa,                             \
     GB_FN(GB_BUILT_##isa, gb_##format##_##op##_##isa##_free, op)},
#include "kernels/kernels.def"
#undef GB_KERNEL
};

enum { ROUNDS = 201 };

/* Median and interval of ours / free over rounds: above 1, the contract costs time. */
static gb_summary ratio_of(const gb_bench_result *ours, const gb_bench_result *free_one, double *ratio,
                           double *scratch) {
    const size_t n = ours->ns.n < free_one->ns.n ? ours->ns.n : free_one->ns.n;
    for (size_t i = 0; i < n; i++) ratio[i] = free_one->samples[i] > 0 ? ours->samples[i] / free_one->samples[i] : 1;
    return gb_summarize(ratio, n, scratch);
}

static int measure_one(const gb_stopwatch *watch, size_t row, size_t target, gb_rng *rng, gb_error *err) {
    gb_bench_result result[2] = {{.kernel = &gb_kernels[row]}, {.kernel = &free_kernels[row]}};
    gb_bench_result *both[2] = {&result[0], &result[1]};
    gb_bench_case c;
    int rc = gb_bench_case_new(result[0].kernel->format, result[0].kernel->op, target, GB_VERIFY_SEED, &c, err);
    if (rc) return rc;
    rc = gb_measure(watch, &c, both, 2, &(gb_sampling){.least = ROUNDS, .rng = rng}, err);
    gb_bench_case_free(&c);
    double *scratch = gb_new(2 * (size_t)ROUNDS, sizeof *scratch, "price: ratios", err);
    if (!rc && !scratch) rc = GB_ESYSTEM;
    if (!rc) {
        const gb_summary s = ratio_of(&result[0], &result[1], scratch, scratch + ROUNDS);
        printf("%-32s %10.1f ns %10.1f ns   %.3f [%.3f, %.3f]\n", gb_kernels[row].name, result[0].ns.median,
               result[1].ns.median, s.median, s.low, s.high);
    }
    free(scratch);
    free(result[0].samples);
    free(result[1].samples);
    return rc;
}

static int run(const char *pattern, gb_bench_level level, gb_error *err) {
    regex_t wanted;
    if (regcomp(&wanted, pattern, REG_EXTENDED | REG_NOSUB))
        return gb_fail(err, GB_EINPUT, "'%s' is not a regular expression", pattern);
    gb_topology topology = {0};
    gb_cap cap;
    char message[256];
    (void)gb_cap_from_name(NULL, &cap, message, sizeof message); /* everything this CPU has cannot fail */
    gb_stopwatch watch;
    gb_rng rng;
    gb_rng_seed(&rng, GB_VERIFY_SEED, "price");
    int rc = gb_topology_read(&topology, err);
    if (!rc) rc = gb_stopwatch_new(&watch, NULL, err);
    const size_t target = rc ? 0 : gb_bench_level_bytes(level, &topology);
    if (!rc) printf("%-32s %13s %13s   ours / free [95 %% interval]\n", "kernel", "ours", "free");
    for (size_t row = 0; !rc && row < gb_kernel_count; row++) {
        const gb_kernel *k = &gb_kernels[row];
        char why[256];
        if (!k->fn.any || regexec(&wanted, k->name, 0, NULL, 0)) continue;
        if (gb_isa_missing(k->isa, cap.features, why, sizeof why)) continue;
        rc = measure_one(&watch, row, target, &rng, err);
    }
    gb_topology_free(&topology);
    regfree(&wanted);
    return rc;
}

int main(int argc, char **argv) {
    gb_error err = {0};
    const gb_bench_level level = argc > 2 && strcmp(argv[2], "l1") == 0 ? GB_BENCH_LEVEL_l1 : GB_BENCH_LEVEL_l2;
    if (run(argc > 1 ? argv[1] : "_(dot|gemv|gemm)_", level, &err) == GB_OK) return EXIT_SUCCESS;
    (void)fprintf(stderr, "price: %s\n", err.text);
    return EXIT_FAILURE;
}

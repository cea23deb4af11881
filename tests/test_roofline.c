/* bench/ceilings and bench/roofline: loops that skip bytes, shares of caches counted wrong, a roof that takes the
 * higher of two limits, a drawing with numbers that are none. No test asserts a speed. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/ceilings/loops.h"
#include "bench/roofline.h"
#include "tests/support/suite.h"

static const gb_topology small = {.core_count = 4, .l1d = {32768, 2}, .l2 = {1 << 20, 2}, .l3 = {64 << 20, 8}};

static bool runs_here(int isa) {
    char why[256];
    return gb_loops_of((gb_isa)isa) && !gb_isa_missing((gb_isa)isa, gb_cpu_features(), why, sizeof why);
}

/* Every bit counts: one set bit in any place of the range changes what the loop returns. */
START_TEST(loops_read_everything) {
    enum { BYTES = 2048 };
    uint8_t *buffer = aligned_alloc(512, BYTES + 512);
    ck_assert_ptr_nonnull(buffer);
    for (int isa = 0; isa < GB_ISA_COUNT; isa++) {
        if (!runs_here(isa)) continue;
        const gb_loops *loops = gb_loops_of((gb_isa)isa);
        memset(buffer, 0, BYTES);
        memset(buffer + BYTES, 0xff, 512); /* behind the end */
        ck_assert_uint_eq(loops->read(buffer, BYTES), 0);
        for (size_t i = 0; i < BYTES; i++) {
            buffer[i] = 4;
            ck_assert_msg(loops->read(buffer, BYTES) != 0, "%s skips byte %zu", gb_isas[isa].name, i);
            buffer[i] = 0;
        }
        ck_assert(loops->int8_ops > 0 && loops->float_ops > 0);
        ck_assert(loops->int8(0) == 0 && loops->int8(3) != 0);
        ck_assert(loops->floats(3) > loops->floats(2)); /* no turn is dropped */
    }
    free(buffer);
}
END_TEST

START_TEST(bytes_per_thread) {
    ck_assert_uint_eq(gb_ceiling_bytes(GB_BENCH_LEVEL_l1, 4, &small), 16384); /* each has its own */
    ck_assert_uint_eq(gb_ceiling_bytes(GB_BENCH_LEVEL_l3, 1, &small), 32 << 20);
    ck_assert_uint_eq(gb_ceiling_bytes(GB_BENCH_LEVEL_l3, 4, &small), 8 << 20);
    ck_assert_uint_eq(gb_ceiling_bytes(GB_BENCH_LEVEL_l3, 64, &small), 4 << 20); /* eight share one */
    ck_assert_uint_eq(gb_ceiling_bytes(GB_BENCH_LEVEL_dram, 4, &small), 64 << 20);
    const gb_topology unknown = {0};
    for (int l = 0; l < GB_BENCH_LEVEL_COUNT; l++) {
        const size_t bytes = gb_ceiling_bytes((gb_bench_level)l, 3, &unknown);
        ck_assert(bytes > 0 && bytes % 512 == 0);
    }
}
END_TEST

/* Threads 1, 2, 4 ... up to the cores; something for every ISA that runs here, nothing for the others. */
START_TEST(measuring) {
    const gb_topology tiny = {.core_count = 3, .l1d = {4096, 1}, .l2 = {8192, 1}, .l3 = {16384, 1}};
    gb_ceiling_options o = gb_ceiling_defaults();
    gb_ceilings c;
    gb_error err = {0};
    o.topology = &tiny;
    o.ms = 0.01;
    o.trials = 1;
    o.isa[GB_ISA_scalar] = false;
    ck_assert_msg(gb_ceilings_measure(&o, &c, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(c.count, 3);
    ck_assert(c.of[0].threads == 1 && c.of[1].threads == 2 && c.of[2].threads == 3);
    for (size_t i = 0; i < c.count; i++) {
        for (int l = 0; l < GB_BENCH_LEVEL_COUNT; l++) ck_assert(c.of[i].gbps[l] > 0);
        ck_assert(c.of[i].int8_gops[GB_ISA_scalar] == 0);
        for (int isa = GB_ISA_scalar + 1; isa < GB_ISA_COUNT; isa++)
            ck_assert_int_eq(c.of[i].int8_gops[isa] > 0 && c.of[i].float_gops[isa] > 0, runs_here(isa));
    }
    gb_ceilings_free(&c);
    o.most_threads = 1;
    ck_assert_int_eq(gb_ceilings_measure(&o, &c, &err), GB_OK);
    ck_assert_uint_eq(c.count, 1);
    gb_ceilings_free(&c);
}
END_TEST

START_TEST(declared) {
    ck_assert_int_eq(gb_arithmetic_of(GB_FORMAT_q4_K, GB_OP_gemv), GB_ARITHMETIC_int8);
    ck_assert_int_eq(gb_arithmetic_of(GB_FORMAT_q4_1, GB_OP_dot), GB_ARITHMETIC_int8);
    ck_assert_int_eq(gb_arithmetic_of(GB_FORMAT_f16, GB_OP_gemm), GB_ARITHMETIC_floats);
    ck_assert_int_eq(gb_arithmetic_of(GB_FORMAT_nf4, GB_OP_dot), GB_ARITHMETIC_floats);
    ck_assert_int_eq(gb_arithmetic_of(GB_FORMAT_q4_K, GB_OP_dequantize), GB_ARITHMETIC_none);
    ck_assert_int_eq(gb_arithmetic_of(GB_FORMAT_f32, GB_OP_rmsnorm), GB_ARITHMETIC_floats);
    ck_assert(gb_bits_per_weight(GB_FORMAT_q4_K, 512) == 4.5);
    ck_assert(gb_bits_per_weight(GB_FORMAT_int8_row, 32) == 9); /* its header counts */
}
END_TEST

static const gb_kernel gemv = {"gb_q8_0_gemv_scalar", GB_FORMAT_q8_0, GB_OP_gemv, GB_ISA_scalar, {.any = NULL}};
static const gb_kernel decode = {
    "gb_q8_0_dequantize_scalar", GB_FORMAT_q8_0, GB_OP_dequantize, GB_ISA_scalar, {.any = NULL}};
static gb_bench_place place = {.name = "l2", .bytes = 1 << 19};

/* 100 ns for 200 operations on 50 bytes: 4 a byte, 2 Gop/s. */
static gb_bench_result a_result(size_t working_set) {
    return (gb_bench_result){.kernel = &gemv,
                             .place = &place,
                             .shape = {64, 1, 1},
                             .work = {100, 50, 200},
                             .working_set = working_set,
                             .ns = {.n = 1, .median = 100}};
}

static const gb_ceiling fixed = {.threads = 1, .gbps = {8, 4, 2, 0.75}, .int8_gops = {10}, .float_gops = {5}};

/* The lower of two limits, of the level that holds the set, worked out by hand. */
START_TEST(roofs) {
    gb_bench_result r = a_result(16384);
    gb_roof roof = gb_roof_of(&r, false, &small, &fixed);
    ck_assert_int_eq(roof.level, GB_BENCH_LEVEL_l1);
    ck_assert(roof.intensity == 4 && roof.memory == 32 && roof.compute == 10 && roof.limit == 10 && roof.reached == 2);
    r = a_result(1 << 21);
    roof = gb_roof_of(&r, false, &small, &fixed);
    ck_assert_int_eq(roof.level, GB_BENCH_LEVEL_l3);
    ck_assert(roof.memory == 8 && roof.limit == 8);
    r = a_result((size_t)256 << 20);
    roof = gb_roof_of(&r, false, &small, &fixed);
    ck_assert_int_eq(roof.level, GB_BENCH_LEVEL_dram);
    ck_assert(roof.limit == 3);
    r = a_result(16384);
    roof = gb_roof_of(&r, true, &small, &fixed);
    ck_assert_int_eq(roof.level, GB_BENCH_LEVEL_dram);
    r.kernel = &decode; /* nothing declared: bytes against bytes */
    r.work.ops = 0;
    roof = gb_roof_of(&r, false, &small, &fixed);
    ck_assert(roof.intensity == 0 && roof.limit == 8 && roof.reached == 0.5);
}
END_TEST

/* Every level's own working set belongs to that level. */
START_TEST(levels_hold_their_sets) {
    const gb_topology unknown = {0};
    const gb_topology *const machines[] = {&small, &unknown};
    for (size_t m = 0; m < 2; m++)
        for (int l = 0; l < GB_BENCH_LEVEL_COUNT; l++) {
            const gb_bench_result r = a_result(gb_bench_level_bytes((gb_bench_level)l, machines[m]));
            ck_assert_int_eq(gb_roof_of(&r, false, machines[m], &fixed).level, l);
        }
}
END_TEST

static char *draw(const gb_bench_report *report, const gb_ceilings *c, bool svg) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    if (svg)
        gb_roofline_draw(out, report, &small, c);
    else
        gb_roofline_print(out, report, &small, c);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

/* Table and drawing hold what was timed, and no number that is none; results that failed or have no operations are not
 * drawn; an empty report and ceilings of zero draw axes. */
START_TEST(output) {
    gb_bench_result results[3] = {a_result(16384), a_result(16384), a_result(16384)};
    results[1].kernel = &decode;
    results[1].work.ops = 0;
    results[2].verdict = GB_VERIFY_FAIL;
    gb_ceiling both[2] = {fixed, fixed};
    both[1].threads = 2;
    const gb_ceilings c = {both, 2, GB_ISA_scalar};
    gb_bench_report report = {.results = results, .count = 3};
    char *text = draw(&report, &c, false);
    ck_assert_ptr_nonnull(strstr(text, "arithm   20.0 %"));
    ck_assert_ptr_nonnull(strstr(text, "gb_q8_0_dequantize_scalar          l1    none"));
    ck_assert_ptr_nonnull(strstr(text, "\n2 "));
    free(text);
    text = draw(&report, &c, true);
    const char *first = strstr(text, "<circle");
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_null(strstr(first + 1, "<circle"));
    ck_assert_ptr_nonnull(strstr(text, "gb_q8_0_gemv_scalar, l2: 2.0 Gop/s, 20 % of the roof"));
    ck_assert(!strstr(text, "nan") && !strstr(text, "inf"));
    free(text);
    report.count = 0;
    gb_ceiling nothing = {.threads = 1};
    const gb_ceilings zero = {&nothing, 1, GB_ISA_scalar};
    text = draw(&report, &zero, true);
    ck_assert(!strstr(text, "nan") && !strstr(text, "inf") && strstr(text, "</svg>"));
    free(text);
    gb_error err = {0};
    ck_assert_int_ne(gb_roofline_svg("/nowhere/at/all.svg", &report, &small, &zero, &err), GB_OK);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("roofline");
    TCase *tc = tcase_create("roofline");
    tcase_add_test(tc, loops_read_everything);
    tcase_add_test(tc, bytes_per_thread);
    tcase_add_test(tc, measuring);
    tcase_add_test(tc, declared);
    tcase_add_test(tc, roofs);
    tcase_add_test(tc, levels_hold_their_sets);
    tcase_add_test(tc, output);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}

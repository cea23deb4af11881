/* bench: a wrong kernel timed, a selection that takes too much, work declared wrong, a working set that misses its
 * target. No test asserts a time. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/evict.h"
#include "bench/measure.h"
#include "bench/models.h"
#include "bench/print.h"
#include "reference/reference.h"
#include "tests/support/fake_perf.h"
#include "tests/support/fake_root.h"
#include "tests/support/schema.h"
#include "tests/support/suite.h"

static const gb_topology small = {.l1d = {32768, 1}, .l2 = {1 << 20, 1}, .l3 = {8 << 20, 2}};

static float wrong_dot(const void *w, const void *a, size_t n) {
    return gb_ref_q8_0_dot(w, a, n) + 1;
}

static gb_bench_options few(const gb_kernel *kernels, size_t count) {
    gb_bench_options o = gb_bench_defaults();
    o.kernels = kernels;
    o.count = count;
    o.samples = 7;
    o.min_ms = 0;
    o.effort = GB_EFFORT_QUICK;
    o.level[GB_BENCH_LEVEL_l2] = false;
    o.topology = &small;
    return o;
}

/* A kernel that fails verification is never timed; the right one beside it is, and compared with the scalar row. */
START_TEST(wrong_kernel_is_not_timed) {
    const gb_kernel table[] = {
        {"gb_q8_0_dot_wrong", GB_FORMAT_q8_0, GB_OP_dot, GB_ISA_scalar, {.dot = wrong_dot}},
        {"gb_q8_0_dot_right", GB_FORMAT_q8_0, GB_OP_dot, GB_ISA_scalar, {.dot = gb_ref_q8_0_dot}},
        {"gb_q8_0_dot_none", GB_FORMAT_q8_0, GB_OP_dot, GB_ISA_scalar, {.any = NULL}},
    };
    gb_bench_options o = few(table, 3);
    gb_bench_report report;
    gb_error err = {0};
    ck_assert_msg(gb_bench_run(&o, &report, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(report.count, 3);
    ck_assert_uint_eq(report.timed, 1);
    ck_assert_uint_eq(report.failed, 1);
    ck_assert_uint_eq(report.skipped, 1);
    ck_assert_ptr_eq(report.results[0].kernel, &table[0]);
    ck_assert_int_eq(report.results[0].verdict, GB_VERIFY_FAIL);
    ck_assert_uint_gt(strlen(report.results[0].reason), 0);
    ck_assert_ptr_null(report.results[0].samples);
    const gb_bench_result *right = &report.results[1];
    ck_assert_int_eq(right->verdict, GB_VERIFY_OK);
    ck_assert_uint_ge(right->ns.n, 7);
    ck_assert(right->ns.low <= right->ns.median && right->ns.median <= right->ns.high && right->ns.median > 0);
    ck_assert(fabs(right->vs_scalar - 1) < 1e-12);
    gb_bench_free(&report);
}
END_TEST

/* The yardstick: a ratio beside every sample; a kernel that fails has none. */
START_TEST(yardstick) {
    const gb_kernel table[] = {
        {"gb_q8_0_dot_right", GB_FORMAT_q8_0, GB_OP_dot, GB_ISA_scalar, {.dot = gb_ref_q8_0_dot}},
        {"gb_q8_0_dot_wrong", GB_FORMAT_q8_0, GB_OP_dot, GB_ISA_scalar, {.dot = wrong_dot}},
    };
    gb_bench_options o = few(table, 2);
    gb_bench_report report;
    gb_error err = {0};
    o.yardstick = true;
    ck_assert_msg(gb_bench_run(&o, &report, &err) == GB_OK, "%s", err.text);
    const gb_bench_result *r = &report.results[0];
    ck_assert_uint_eq(r->ns.n, r->yard.n);
    for (size_t s = 0; s < r->ns.n; s++) ck_assert(r->samples[s] > 0 && r->vs_yardstick[s] > 0);
    ck_assert(r->yard.low <= r->yard.median && r->yard.median <= r->yard.high);
    ck_assert_ptr_null(report.results[1].vs_yardstick);
    gb_bench_free(&report);
}
END_TEST

/* Selections: exact ISA, regular expression, nothing, and a broken expression. */
START_TEST(selection) {
    bool *selected = calloc(gb_kernel_count, sizeof *selected);
    ck_assert_ptr_nonnull(selected);
    gb_bench_options o = gb_bench_defaults();
    size_t total = 0;
    gb_error err = {0};
    ck_assert_int_eq(gb_bench_select(&o, selected, &total, &err), GB_OK);
    ck_assert_uint_eq(total, gb_kernel_count);
    o.isa = GB_ISA_avx2;
    o.filter = "^gb_q[48]_(K|0)_dot";
    ck_assert_int_eq(gb_bench_select(&o, selected, &total, &err), GB_OK);
    ck_assert_uint_eq(total, 3); /* q8_0, q4_0, q4_K */
    for (size_t i = 0; i < gb_kernel_count; i++)
        if (selected[i]) ck_assert_int_eq(gb_kernels[i].isa, GB_ISA_avx2);
    o.filter = "no such kernel";
    ck_assert_int_eq(gb_bench_select(&o, selected, &total, &err), GB_EINPUT);
    o.filter = "(";
    ck_assert_int_eq(gb_bench_select(&o, selected, &total, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "regular expression"));
    free(selected);
}
END_TEST

/* A selection of kernels that this program does not hold is unusable input with the reason. */
START_TEST(nothing_runs) {
    const gb_kernel table[] = {{"gb_q8_0_dot_none", GB_FORMAT_q8_0, GB_OP_dot, GB_ISA_scalar, {.any = NULL}}};
    gb_bench_options o = few(table, 1);
    gb_bench_report report;
    gb_error err = {0};
    ck_assert_int_eq(gb_bench_run(&o, &report, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "gb_q8_0_dot_none"));
    gb_bench_free(&report);
}
END_TEST

/* Declared work of known shapes, worked out by hand. */
START_TEST(declared_work) {
    gb_work w = gb_work_of(GB_FORMAT_q4_K, GB_OP_dot, &(gb_shape){512, 1, 1});
    ck_assert(w.weights == 512 && w.bytes == 2 * 144 + 2 * 292 + 4 && w.ops == 1024);
    w = gb_work_of(GB_FORMAT_q8_0, GB_OP_gemm, &(gb_shape){64, 3, 5});
    ck_assert(w.weights == 64 * 15 && w.bytes == 3 * 68 + 5 * 68 + 15 * 4 && w.ops == 2 * 64 * 15);
    w = gb_work_of(GB_FORMAT_f16, GB_OP_attn_score, &(gb_shape){128, 10, 1});
    ck_assert(w.weights == 1280 && w.bytes == 10 * 256 + 512 + 40 && w.ops == 2560);
    w = gb_work_of(GB_FORMAT_q6_K, GB_OP_dequantize, &(gb_shape){256, 1, 1});
    ck_assert(w.weights == 256 && w.bytes == 210 + 1024 && w.ops == 0);
}
END_TEST

/* Every operation of the table can be built and run at l1 and l2; its working set stays within the target (but for the
 * smallest gemm), fills at least half of it, and every kernel slot does finite work. */
START_TEST(working_sets) {
    for (size_t i = 0; i < gb_kernel_count; i++) {
        const gb_kernel *k = &gb_kernels[i];
        if (k->isa != GB_ISA_scalar) continue;
        for (int level = GB_BENCH_LEVEL_l1; level <= GB_BENCH_LEVEL_l2; level++) {
            const size_t target = gb_bench_level_bytes((gb_bench_level)level, &small);
            gb_bench_case c;
            gb_error err = {0};
            ck_assert_msg(gb_bench_case_new(k->format, k->op, target, 1, &c, &err) == GB_OK, "%s", err.text);
            ck_assert(c.work.weights > 0 && c.work.bytes > 0);
            const size_t most = k->op == GB_OP_gemm ? 2 * target : target + target / 8;
            ck_assert_msg(c.working_set <= most && 2 * c.working_set >= target, "%s: %zu of %zu bytes", k->name,
                          c.working_set, target);
            gb_bench_pass(&c, gb_reference(k->format, k->op));
            gb_bench_case_free(&c);
        }
    }
}
END_TEST

/* Levels grow, and an unknown machine still has four of them. */
START_TEST(levels) {
    const gb_topology unknown = {0};
    for (int l = 1; l < GB_BENCH_LEVEL_COUNT; l++) {
        ck_assert_uint_gt(gb_bench_level_bytes((gb_bench_level)l, &small),
                          gb_bench_level_bytes((gb_bench_level)(l - 1), &small));
        ck_assert_uint_gt(gb_bench_level_bytes((gb_bench_level)l, &unknown),
                          gb_bench_level_bytes((gb_bench_level)(l - 1), &unknown));
    }
    gb_bench_case c;
    gb_error err = {0};
    ck_assert_int_eq(gb_bench_case_new(GB_FORMAT_f32, GB_OP_dot, SIZE_MAX / 2, 1, &c, &err), GB_EINPUT);
}
END_TEST

/* --- shapes of models ------------------------------------------------------------------------------------------- */

static const char tiny_model[] = "# a model\nlayers 2\nembd 512\nheads 4\nkv_heads 2\nhead_dim 64 # each\n\nffn 768\n"
                                 "vocab 1000";

/* Every built-in file parses; its heads share the hidden state as these families do; rows are whole blocks of every
 * format, so that all of them can be timed. */
START_TEST(models) {
    size_t count = 0;
    for (const char *name; (name = gb_model_name(count)); count++) {
        gb_model_facts m;
        gb_error err = {0};
        ck_assert_msg(gb_model_facts_find(name, &m, &err) == GB_OK, "%s", err.text);
        ck_assert_str_eq(m.name, name);
        ck_assert_msg(m.heads % m.kv_heads == 0 && m.heads * m.head_dim == m.embd, "%s", name);
        gb_bench_place place[GB_MODEL_MATRICES];
        const size_t places = gb_model_places(&m, NULL, place);
        ck_assert_uint_ge(places, 5);
        for (size_t i = 0; i < places; i++) ck_assert_uint_eq(place[i].n % GB_MAX_BLOCK_ELEMS, 0);
    }
    ck_assert_uint_ge(count, 6);
    ck_assert_ptr_null(gb_model_name(count));
}
END_TEST

/* One shape is one place with all its names; a tensor by name is found whatever it shares its shape with. */
START_TEST(model_places) {
    gb_model_facts m;
    gb_error err = {0};
    gb_bench_place place[GB_MODEL_MATRICES];
    ck_assert_msg(gb_model_facts_parse(tiny_model, "some/dir/Tiny, one.txt", &m, &err) == GB_OK, "%s", err.text);
    ck_assert_str_eq(m.name, "Tiny__one"); /* no comma reaches CSV */
    ck_assert_uint_eq(gb_model_places(&m, NULL, place), 6);
    ck_assert_str_eq(place[0].name, "Tiny__one:attn_q");
    ck_assert(place[0].n == 512 && place[0].rows == 256);
    ck_assert_str_eq(place[1].name, "Tiny__one:attn_k+attn_v");
    ck_assert(place[1].n == 512 && place[1].rows == 128);
    ck_assert(place[2].n == 256 && place[2].rows == 512); /* attn_output */
    ck_assert_str_eq(place[3].name, "Tiny__one:ffn_gate+ffn_up");
    ck_assert(place[4].n == 768 && place[4].rows == 512); /* ffn_down */
    ck_assert(place[5].n == 512 && place[5].rows == 1000);
    ck_assert_uint_eq(gb_model_places(&m, "ffn_up", place), 1);
    ck_assert_str_eq(place[0].name, "Tiny__one:ffn_up");
    ck_assert_uint_eq(gb_model_places(&m, "ffn", place), 0);
}
END_TEST

/* Files are hostile: every fault names file, line and what was expected. */
START_TEST(bad_model_files) {
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"layers 2\nlayers 2", "t:2: a second 'layers'"},
        {"width 2", "t:1: unknown fact 'width'"},
        {"layers", "t:1: 'layers'"},
        {"layers 2 3", "t:1: "},
        {"layers 0", "from 1 to"},
        {"layers -1", "from 1 to"},
        {"layers 99999999999999999999999", "from 1 to"},
        {"layers 2", "no line 'embd'"},
        {"", "no line 'layers'"},
        {"layers 2                                                                                                     "
         " "
         "                                 ",
         "t:1: a line of"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gb_model_facts m;
        gb_error err = {0};
        ck_assert_int_eq(gb_model_facts_parse(cases[i].text, "t", &m, &err), GB_EINPUT);
        ck_assert_msg(strstr(err.text, cases[i].message) != NULL, "'%s' lacks '%s'", err.text, cases[i].message);
    }
}
END_TEST

/* A matrix is timed in its own shape: rows one by one for dot, at once for gemv; other operations are not selected;
 * rows that are no whole blocks are refused. */
START_TEST(matrices) {
    const gb_kernel table[] = {
        {"dot", GB_FORMAT_q8_0, GB_OP_dot, GB_ISA_scalar, gb_reference(GB_FORMAT_q8_0, GB_OP_dot)},
        {"gemv", GB_FORMAT_q8_0, GB_OP_gemv, GB_ISA_scalar, gb_reference(GB_FORMAT_q8_0, GB_OP_gemv)},
        {"act", GB_FORMAT_q8_0, GB_OP_quantize_act, GB_ISA_scalar, gb_reference(GB_FORMAT_q8_0, GB_OP_quantize_act)},
    };
    const gb_bench_place place[] = {{.name = "m:a", .n = 96, .rows = 5}, {.name = "m:b", .n = 32, .rows = 7}};
    gb_bench_options o = few(table, 3);
    gb_bench_report report;
    gb_error err = {0};
    o.matrices = place;
    o.matrix_count = 2;
    ck_assert_msg(gb_bench_run(&o, &report, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(report.count, 4);
    ck_assert_uint_eq(report.timed, 4);
    const gb_bench_result *r = report.results;
    ck_assert(r[0].shape.n == 96 && r[0].shape.rows == 1 && r[0].calls % 5 == 0);
    ck_assert(r[0].working_set == 5 * 102 + 102);
    ck_assert(r[1].shape.n == 96 && r[1].shape.rows == 5);
    ck_assert_str_eq(r[2].place->name, "m:b");
    ck_assert(r[3].shape.n == 32 && r[3].shape.rows == 7);
    gb_bench_free(&report);
    gb_bench_case c;
    ck_assert_int_eq(gb_bench_case_matrix(GB_FORMAT_q4_K, GB_OP_gemv, 128, 4, 1, &c, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "whole blocks of 256"));
    ck_assert_int_eq(gb_bench_case_matrix(GB_FORMAT_q4_K, GB_OP_gemv, SIZE_MAX - 255, 4, 1, &c, &err), GB_EINPUT);
}
END_TEST

/* Cold: one pass a sample, however short; eviction loses no byte. */
START_TEST(cold) {
    if (!gb_can_evict()) return;
    const gb_kernel table[] = {{"dot", GB_FORMAT_q8_0, GB_OP_dot, GB_ISA_scalar, {.dot = gb_ref_q8_0_dot}}};
    gb_bench_options o = few(table, 1);
    gb_bench_report report;
    gb_error err = {0};
    o.cold = true;
    o.yardstick = true;
    ck_assert_msg(gb_bench_run(&o, &report, &err) == GB_OK, "%s", err.text);
    const gb_bench_result *r = report.results;
    ck_assert_uint_eq(r->calls, r->working_set / gb_row_bytes(GB_FORMAT_q8_0, r->shape.n) - 1);
    ck_assert_uint_ge(r->ns.n, 7);
    gb_bench_free(&report);
    char bytes[200];
    for (int i = 0; i < 200; i++) bytes[i] = (char)i;
    gb_evict(bytes + 1, 198);
    gb_evict(bytes, 0);
    for (int i = 0; i < 200; i++) ck_assert_int_eq(bytes[i], (char)i);
}
END_TEST

/* Bars: the fastest fills the width, half as fast half of it, the slowest still has one mark; what failed has none, and
 * a place without any timing is left out. */
START_TEST(chart) {
    static const gb_kernel k[] = {{.name = "fast"}, {.name = "half"}, {.name = "slow"}, {.name = "wrong"}};
    gb_bench_place places[] = {{.name = "here"}, {.name = "nowhere"}};
    gb_bench_result results[5];
    for (size_t i = 0; i < 5; i++)
        results[i] = (gb_bench_result){.kernel = &k[i % 4],
                                       .place = places,
                                       .work = {.weights = 100},
                                       .ns = {.median = i == 0   ? 50
                                                        : i == 1 ? 100
                                                                 : 1e6}};
    results[3].verdict = GB_VERIFY_FAIL;
    results[4].verdict = GB_VERIFY_FAIL;
    results[4].place = &places[1];
    const gb_bench_report report = {.places = places, .place_count = 2, .results = results, .count = 5};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    gb_bench_print_chart(out, &report);
    ck_assert_int_eq(fclose(out), 0);
    ck_assert_ptr_nonnull(strstr(text, "|########################################| 2.000\n"));
    ck_assert_ptr_nonnull(strstr(text, "|####################                    | 1.000\n"));
    ck_assert_ptr_nonnull(strstr(text, "|#                                       | 0.000\n"));
    ck_assert(!strstr(text, "wrong") && !strstr(text, "nowhere"));
    free(text);
}
END_TEST

/* A table as people see it, freed by the caller. */
static char *table_text(const gb_bench_options *o, const gb_bench_report *report) {
    char *text = NULL;
    size_t size = 0;
    gb_run run;
    FILE *out = open_memstream(&text, &size);
    ck_assert_ptr_nonnull(out);
    gb_run_begin(&run, 0, NULL, &small);
    gb_bench_print_table(out, o, report, &run, -1);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

static double unsteady_step(void *ctx) {
    double *step = ctx;
    return *step += 0.1;
}

static bool no_steal(void *ctx, int cpu, uint64_t *stolen, uint64_t *total) {
    (void)ctx;
    (void)cpu;
    *stolen = *total = 0;
    return false;
}

/* Counters of a timed kernel: in the table per 32 weights, in a record that the schema allows, absent ones with their
 * reason; and a disturbance beside them. */
START_TEST(counters) {
    const gb_kernel table[] = {{"dot", GB_FORMAT_q8_0, GB_OP_dot, GB_ISA_scalar, {.dot = gb_ref_q8_0_dot}}};
    char events[] = "MY:EVENT";
    double step = 1;
    const gb_conditions_source source = {.step_ns = unsteady_step, .stolen = no_steal, .ctx = &step};
    fake_root_enter();
    fake_perf f = fake_perf_of("2\n");
    f.unknown = "BRANCH_MISSES";
    f.interval = 60000000; /* of energy: two looks */
    fake_root_put("/sys/class/powercap/intel-rapl:0/name", "package-0");
    fake_root_put("/sys/class/powercap/intel-rapl:0/energy_uj", "5000");
    const gb_perf_backend backend = fake_perf_backend(&f);
    gb_bench_options o = few(table, 1);
    gb_bench_report report;
    gb_error err = {0};
    o.perf = &backend;
    o.conditions = &source;
    ck_assert_int_eq(gb_counter_groups_parse("--counters", "core,energy", &o.counters, &err), GB_OK);
    ck_assert_int_eq(gb_counter_events_parse("--events", events, &o.counters, &err), GB_OK);
    ck_assert_msg(gb_bench_run(&o, &report, &err) == GB_OK, "%s", err.text);
    const gb_bench_result *r = &report.results[0];
    const double calls = (double)r->calls;
    ck_assert_double_eq_tol(gb_counter_find(&r->counters, "instructions")->value, 11 / calls, 1e-12);
    ck_assert_double_eq_tol(gb_counter_find(&r->counters, "MY:EVENT")->value, 10 / calls, 1e-12);
    ck_assert_double_eq_tol(gb_bench_ipc(r), 1.1, 1e-12);
    char *text = table_text(&o, &report);
    char expected[96];
    (void)snprintf(expected, sizeof expected, "    per 32 weights: cycles %.4g, instructions %.4g, branches",
                   10 / calls * 32 / r->work.weights, 11 / calls * 32 / r->work.weights);
    ck_assert_msg(strstr(text, expected) != NULL, "no '%s' in %s", expected, text);
    ck_assert_ptr_nonnull(strstr(text, "; IPC 1.10\n"));
    ck_assert_ptr_nonnull(strstr(text, "counters   core: branch_misses: absent: libpfm4 not built in\n"));
    ck_assert_ptr_nonnull(strstr(text, "    unreliable: the core's clock changed by "));
    ck_assert_ptr_nonnull(strstr(text, "unreliable: 1 of 1 timings\n"));
    free(text);
    gb_run run;
    gb_record *record = NULL;
    gb_run_begin(&run, 0, NULL, &small);
    ck_assert_int_eq(gb_bench_record(&report, r, &run, -1, &record, &err), GB_OK);
    ck_assert_msg(gb_record_print(record, &text, &err) == GB_OK, "%s", err.text);
    cJSON *json = cJSON_Parse(text);
    cJSON *schema = gb_schema_read("schema.json");
    const char *problem = gb_schema_problem(json, schema);
    ck_assert_msg(!problem, "%s", problem);
    static const char *const parts[] = {"\"instructions_per_32\":{",
                                        "\"ipc\":{\"unit\":\"ratio\"",
                                        "\"MY:EVENT\":",
                                        "\"branch_misses\":{\"absent\":\"libpfm4",
                                        "\"verdict\":\"unreliable\"",
                                        "\"energy_package_per_32\":{\"unit\":\"J\"",
                                        "\"outliers\":"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        ck_assert_msg(strstr(text, parts[i]) != NULL, "no %s in %s", parts[i], text);
    cJSON_Delete(schema);
    cJSON_Delete(json);
    free(text);
    gb_record_free(record);
    gb_bench_free(&report);
    fake_root_leave();
}
END_TEST

int main(void) {
    Suite *suite = suite_create("bench");
    TCase *tc = tcase_create("bench");
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, wrong_kernel_is_not_timed);
    tcase_add_test(tc, yardstick);
    tcase_add_test(tc, selection);
    tcase_add_test(tc, nothing_runs);
    tcase_add_test(tc, declared_work);
    tcase_add_test(tc, working_sets);
    tcase_add_test(tc, levels);
    tcase_add_test(tc, models);
    tcase_add_test(tc, model_places);
    tcase_add_test(tc, bad_model_files);
    tcase_add_test(tc, matrices);
    tcase_add_test(tc, cold);
    tcase_add_test(tc, chart);
    tcase_add_test(tc, counters);
    suite_add_tcase(suite, tc);
    return run_suite(suite);
}

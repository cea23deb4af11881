/* Quantized checkpoints (GPTQ, AWQ, bitsandbytes) through convert. packing.h packs them; the numbers that the codes
 * stand for are computed beside that, and the file must hold exactly those. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/registry.h"
#include "model/column_order.h"
#include "tests/support/convert_run.h"
#include "tests/support/hf_dir.h"
#include "tests/support/image.h"
#include "tests/support/packing.h"
#include "tests/support/suite.h"

enum { LONGEST = 512 }; /* row */

/* --- models ------------------------------------------------------------------------------------------------------- */

/* Wide enough for blocks of 128; rows of down are of `ffn`. */
static float_model wide_model(size_t ffn, bool qwen2) {
    float_model m = float_model_shape();
    m.dim = 128;
    m.head_dim = 32;
    m.ffn = ffn;
    m.qkv_bias = qwen2;
    float_model_fill(&m, 21);
    return m;
}

static const char *config_of(const packing *p) {
    static char text[256];
    if (p->kind == GPTQ)
        (void)snprintf(text, sizeof text,
                       "\"quantization_config\": {\"quant_method\": \"gptq\", \"bits\": %u, \"group_size\": %d, "
                       "\"desc_act\": %s, \"checkpoint_format\": \"%s\"}",
                       p->bits, p->group > 256 ? -1 : (int)p->group, p->shuffled ? "true" : "false",
                       p->v2 ? "gptq_v2" : "gptq");
    else if (p->kind == AWQ)
        (void)snprintf(text, sizeof text,
                       "\"quantization_config\": {\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": %zu, "
                       "\"zero_point\": true, \"version\": \"GEMM\"}",
                       p->group);
    else
        (void)snprintf(text, sizeof text, "\"quantization_config\": {\"quant_method\": \"bitsandbytes\"}");
    return text;
}

static void write_packed(float_model *m, const packing *p) {
    hf_dir_write(m, &(hf_dir){.class = m->qkv_bias ? "Qwen2ForCausalLM" : "LlamaForCausalLM",
                              .dtype = m->qkv_bias ? "F16" : "F32",
                              .shards = m->qkv_bias ? 3 : 0,
                              .config = config_of(p),
                              .pack = pack_matrix,
                              .ctx = p});
}

static gb_convert_options from_dir(gb_outtype outtype) {
    static char dir[512];
    (void)snprintf(dir, sizeof dir, "%s", scratch("."));
    return (gb_convert_options){.source = dir, .outtype = outtype};
}

/* The row of the model that row r of the file holds. */
static size_t source_row(const float_model *m, const char *name, size_t r, bool interleaved) {
    const size_t half = m->head_dim / 2;
    const size_t in_head = r % m->head_dim;
    if (!interleaved || !(strstr(name, "attn_q.") || strstr(name, "attn_k."))) return r;
    return r - in_head + in_head / 2 + (in_head % 2 ? half : 0);
}

/* One comparison of a whole row, not an assertion for each number: libcheck writes every assertion to a pipe. */
static void expect_row(const gb_tensor *t, const gb_tensor *order, size_t r, const float *wanted, const char *name) {
    float x[LONGEST];
    const size_t n = (size_t)t->ne[0];
    ck_assert_uint_le(n, LONGEST);
    gb_reference(t->format, GB_OP_dequantize).dequantize(t->data + r * gb_row_bytes(t->format, n), x, n);
    for (size_t c = 0; c < n; c++) {
        int32_t column = (int32_t)c;
        if (order) memcpy(&column, order->data + c * sizeof column, sizeof column);
        if (!(x[c] == wanted[column]))
            ck_abort_msg("%s[%zu][%zu]: %g, expected %g", name, r, c, (double)x[c], (double)wanted[column]);
    }
}

/* An order, if there is one, names every column once. */
static void expect_order(const gb_tensor *order, size_t columns) {
    bool seen[LONGEST] = {false};
    ck_assert_uint_le(columns, LONGEST);
    ck_assert_uint_eq(order->ne[0], columns);
    for (size_t c = 0; c < columns; c++) {
        int32_t column = 0;
        memcpy(&column, order->data + c * sizeof column, sizeof column);
        if (column < 0 || (size_t)column >= columns || seen[column]) ck_abort_msg("column %d", (int)column);
        seen[column] = true;
    }
}

/* Every matrix of the layers is of this format and decodes to the numbers of the model, bit for bit. */
static void expect_matrices(const float_model *m, gb_format ffn_format, gb_format format, bool interleaved,
                            bool ordered) {
    gb_gguf *f = open_gguf(scratch("out.gguf"));
    size_t seen = 0;
    for (size_t i = 0; i < m->count; i++) {
        const float_tensor *w = &m->tensors[i];
        if (!is_packed(w)) continue;
        char name[96];
        const int layer = atoi(w->name + strlen("model.layers."));
        (void)snprintf(name, sizeof name, "blk.%d.%s", layer,
                       float_model_gguf_part(strchr(w->name + strlen("model.layers."), '.') + 1));
        const gb_tensor *t = gb_gguf_find_tensor(f, name);
        ck_assert_ptr_nonnull(t);
        ck_assert_int_eq(t->format, w->cols == m->ffn ? ffn_format : format);
        ck_assert(t->ne[0] == w->cols && t->ne[1] == w->rows);
        const gb_tensor *order = gb_column_order_find(f, t->name);
        ck_assert_int_eq(order != NULL, ordered && w->cols > 128); /* one group: nothing to sort */
        if (order) expect_order(order, w->cols);
        for (size_t r = 0; r < w->rows; r++)
            expect_row(t, order, r, w->data + source_row(m, name, r, interleaved) * w->cols, name);
        seen++;
    }
    ck_assert_uint_eq(seen, 7 * m->layers);
    gb_gguf_close(f);
}

/* --- what must come out ------------------------------------------------------------------------------------------- */

static const struct {
    packing p;
    gb_format format, ffn_format; /* ffn: of rows of 256 */
} kept[] = {
    {{.kind = GPTQ, .bits = 4, .group = 128}, GB_FORMAT_gptq4, GB_FORMAT_gptq4},
    {{.kind = GPTQ, .bits = 4, .group = 128, .v2 = true}, GB_FORMAT_gptq4, GB_FORMAT_gptq4},
    {{.kind = GPTQ, .bits = 8, .group = 128}, GB_FORMAT_gptq8, GB_FORMAT_gptq8},
    {{.kind = GPTQ, .bits = 4, .group = 256}, GB_FORMAT_gptq4, GB_FORMAT_gptq4},
    {{.kind = GPTQ, .bits = 4, .group = 1024}, GB_FORMAT_gptq4, GB_FORMAT_gptq4}, /* -1: the whole row */
    {{.kind = GPTQ, .bits = 4, .group = 128, .scales = "BF16"}, GB_FORMAT_gptq4, GB_FORMAT_gptq4},
    {{.kind = GPTQ, .bits = 4, .group = 128, .shuffled = true}, GB_FORMAT_gptq4, GB_FORMAT_gptq4},
    {{.kind = GPTQ, .bits = 8, .group = 128, .shuffled = true, .v2 = true}, GB_FORMAT_gptq8, GB_FORMAT_gptq8},
    {{.kind = AWQ, .bits = 4, .group = 128}, GB_FORMAT_awq4, GB_FORMAT_awq4},
    {{.kind = NF4, .group = 64}, GB_FORMAT_nf4, GB_FORMAT_nf4},
    {{.kind = NF4, .group = 128}, GB_FORMAT_nf4, GB_FORMAT_nf4},
    {{.kind = FP4, .group = 64}, GB_FORMAT_fp4, GB_FORMAT_fp4},
    {{.kind = NF4_DQ, .group = 64}, GB_FORMAT_nf4_dq, GB_FORMAT_nf4_dq},
    {{.kind = FP4_DQ, .group = 64}, GB_FORMAT_fp4_dq, GB_FORMAT_fp4_dq},
    {{.kind = FP4_DQ, .group = 64, .even_map = true}, GB_FORMAT_fp4, GB_FORMAT_fp4},
    {{.kind = INT8}, GB_FORMAT_int8_row, GB_FORMAT_int8_row},
};
enum { KEPT = sizeof kept / sizeof kept[0] };

/* What the rest of the model is stored in, and what the file says it is. */
static void expect_file_type(gb_format of_embedding, gb_format of_file) {
    gb_gguf *f = open_gguf(scratch("out.gguf"));
    ck_assert_int_eq(gb_gguf_find_tensor(f, "token_embd.weight")->format, of_embedding);
    ck_assert_uint_eq(u64_of(f, "general.file_type"), gb_formats[of_file].ggml_type);
    ck_assert_ptr_nonnull(gb_gguf_find_key(f, "gaugeblock.formats"));
    gb_gguf_close(f);
}

/* Codes, zeros or scales of another place; rows of q and k in the wrong order; a zero that is one off; parts of a
 * matrix that lie in two files. */
START_TEST(kinds_are_kept) {
    for (int qwen2 = 0; qwen2 < 2; qwen2++) {
        float_model m = wide_model(256, qwen2);
        write_packed(&m, &kept[_i].p);
        const gb_convert_options o = from_dir(GB_OUT_AUTO);
        (void)convert_good(&o, scratch("out.gguf"));
        expect_file_type(qwen2 ? GB_FORMAT_f16 : GB_FORMAT_f32, kept[_i].format);
        expect_matrices(&m, kept[_i].ffn_format, kept[_i].format, !qwen2, kept[_i].p.shuffled);
        expect_logits(&m, scratch("out.gguf"));
        float_model_free(&m);
    }
}
END_TEST

/* Decoded on demand, also from groups that no format has. */
START_TEST(kinds_are_decoded) {
    static const packing others[] = {{.kind = GPTQ, .bits = 4, .group = 32},
                                     {.kind = GPTQ, .bits = 8, .group = 64},
                                     {.kind = GPTQ, .bits = 4, .group = 32, .shuffled = true},
                                     {.kind = GPTQ, .bits = 4, .group = 128, .uneven = true},
                                     {.kind = GPTQ, .bits = 8, .group = 128, .scales = "F32"},
                                     {.kind = AWQ, .bits = 4, .group = 64},
                                     {.kind = NF4, .group = 96},
                                     {.kind = NF4_DQ, .group = 128}};
    enum { OTHERS = sizeof others / sizeof others[0] };
    for (size_t i = 0; i < OTHERS + KEPT; i++) {
        float_model m = wide_model(256, false);
        write_packed(&m, i < OTHERS ? &others[i] : &kept[i - OTHERS].p);
        const gb_convert_options o = from_dir(GB_OUT_F32);
        (void)convert_good(&o, scratch("out.gguf"));
        expect_matrices(&m, GB_FORMAT_f32, GB_FORMAT_f32, true, false);
        expect_logits(&m, scratch("out.gguf"));
        float_model_free(&m);
    }
}
END_TEST

/* Groups of 256 doubly quantized scales that end inside a row: the scales are written out. */
START_TEST(doubly_quantized_scales_out_of_step) {
    const packing p = {.kind = NF4_DQ, .group = 64};
    float_model m = wide_model(192, false); /* three blocks a row of down */
    write_packed(&m, &p);
    const gb_convert_options o = from_dir(GB_OUT_AUTO);
    (void)convert_good(&o, scratch("out.gguf"));
    expect_matrices(&m, GB_FORMAT_nf4, GB_FORMAT_nf4_dq, true, false);
    expect_logits(&m, scratch("out.gguf"));
    float_model_free(&m);
}
END_TEST

static void expect_refused(hf_dir d, const char *word) {
    float_model m = wide_model(256, false);
    const gb_convert_options o = from_dir(GB_OUT_AUTO);
    d.class = "LlamaForCausalLM";
    d.dtype = "F32";
    hf_dir_write(&m, &d);
    refuse_convert(&o, scratch("out.gguf"), word);
    float_model_free(&m);
}

START_TEST(groups_that_no_format_has) {
    static const struct {
        packing p;
        const char *word;
    } cases[] = {{{.kind = GPTQ, .bits = 4, .group = 64}, "GPTQ4 cannot hold these groups"},
                 {{.kind = GPTQ, .bits = 4, .group = 64, .shuffled = true}, "GPTQ4 cannot hold these groups"},
                 {{.kind = GPTQ, .bits = 4, .group = 128, .uneven = true}, "blk.0.ffn_down.weight': GPTQ4 cannot hold"},
                 {{.kind = GPTQ, .bits = 8, .group = 128, .scales = "F32"}, "GPTQ8 cannot hold these groups"},
                 {{.kind = AWQ, .bits = 4, .group = 32}, "AWQ4 cannot hold these groups"},
                 {{.kind = NF4, .group = 96}, "NF4 cannot hold these groups"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_refused((hf_dir){.config = config_of(&cases[i].p), .pack = pack_matrix, .ctx = &cases[i].p},
                       cases[i].word);
}
END_TEST

/* --- hostile ------------------------------------------------------------------------------------------------------ */

/* One entry of every packed matrix, spoilt. */
typedef struct spoilt {
    packing p;
    const char *ending; /* of the entry */
    enum { DROP, DTYPE, SHAPE, VALUE } how;
    const char *word;
} spoilt;

static size_t pack_spoilt(const void *ctx, float_tensor *t, st_entry *out) {
    const spoilt *s = ctx;
    size_t n = pack_matrix(&s->p, t, out);
    for (size_t i = 0; i < n; i++) {
        st_entry *e = &out[i];
        const size_t length = strlen(e->name);
        const size_t tail = strlen(s->ending);
        if (length < tail || strcmp(e->name + length - tail, s->ending) != 0) continue;
        if (s->how == DROP) {
            free((void *)(uintptr_t)e->data);
            memmove(e, e + 1, (n - i - 1) * sizeof *e);
            return n - 1;
        }
        if (s->how == DTYPE)
            e->dtype = strcmp(e->dtype, "I32") == 0 ? "F32" : strcmp(e->dtype, "F32") == 0 ? "I32" : "I8";
        if (s->how == SHAPE) { /* as many numbers in other dimensions */
            const size_t numbers = e->shape[0] * (e->dims == 2 ? e->shape[1] : 1);
            e->shape[0] = e->dims == 2 ? numbers : 1;
            e->shape[1] = numbers;
            e->dims = e->dims == 2 ? 1 : 2;
        }
        if (s->how == VALUE) memset((void *)(uintptr_t)e->data, 0xff, e->bytes); /* of floats: NaN */
    }
    return n;
}

START_TEST(hostile_companions) {
    static const packing gptq = {.kind = GPTQ, .bits = 4, .group = 128};
    static const packing act_order = {.kind = GPTQ, .bits = 4, .group = 128, .shuffled = true};
    static const packing awq = {.kind = AWQ, .bits = 4, .group = 128};
    static const packing nf4 = {.kind = NF4, .group = 64};
    static const packing nf4_dq = {.kind = NF4_DQ, .group = 64};
    static const packing int8 = {.kind = INT8};
    const spoilt cases[] = {
        {gptq, ".qzeros", DROP, "qzeros' is missing"},
        {gptq, ".scales", DROP, "scales' is missing"},
        {gptq, ".qweight", DROP, "q_proj.weight' is missing"},
        {gptq, ".qweight", DTYPE, "is F32, expected I32"},
        {gptq, ".qzeros", DTYPE, "is F32, expected I32"},
        {gptq, ".g_idx", DTYPE, "is F32, expected I32"},
        {gptq, ".qweight", SHAPE, "qweight' is"},
        {gptq, ".qzeros", SHAPE, "qzeros' is"},
        {gptq, ".scales", SHAPE, "scales' is"},
        {gptq, ".g_idx", SHAPE, "g_idx' is"},
        {gptq, ".g_idx", VALUE, "column 0 is of group -1, expected 0 to 0"},
        {gptq, ".scales", VALUE, "becomes NaN or infinite"},
        {act_order, ".g_idx", DROP, "g_idx' is missing"},
        {awq, ".qweight", SHAPE, "qweight' is"},
        {awq, ".scales", VALUE, "becomes NaN or infinite"},
        {nf4, ".absmax", VALUE, "becomes NaN or infinite"},
        {nf4, ".quant_map", VALUE, "cannot hold these groups of columns, their scales or levels"},
        {nf4_dq, ".nested_absmax", VALUE, "becomes NaN or infinite"},
        {nf4_dq, ".nested_quant_map", VALUE, "becomes NaN or infinite"},
        {int8, ".SCB", VALUE, "becomes NaN or infinite"},
        {awq, ".qzeros", DROP, "qzeros' is missing"},
        {nf4_dq, ".absmax", SHAPE, "absmax' is"},
        {nf4_dq, ".absmax", DTYPE, "is I8, expected U8"},
        {nf4_dq, ".nested_absmax", DTYPE, "is I32, expected F32"},
        {nf4_dq, ".nested_absmax", SHAPE, "nested_absmax' is"},
        {nf4_dq, ".nested_quant_map", DROP, "nested_quant_map' is missing"},
        {nf4_dq, ".quant_map", DROP, "quant_map' is missing"},
        {nf4_dq, "__nf4", DROP, "quant_state.bitsandbytes__nf4' is missing"},
        {nf4_dq, "__nf4", VALUE, "byte 0 is no UTF-8"},
        {int8, ".SCB", SHAPE, "SCB' is"},
        {int8, ".SCB", DTYPE, "is I32, expected F32"},
        {int8, ".weight_format", VALUE, "not in rows"},
        {int8, ".SCB", DROP, "is I8, expected F32, F16 or BF16"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_refused((hf_dir){.config = config_of(&cases[i].p), .pack = pack_spoilt, .ctx = &cases[i]},
                       cases[i].word);
}
END_TEST

START_TEST(configurations_that_cannot_be) {
    static const struct {
        const char *config, *word;
    } cases[] = {
        {"{\"quant_method\": \"fp8\"}", "'fp8', which is not supported (known: gptq, awq, bitsandbytes)"},
        {"{}", "'quant_method' is ''"},
        {"3", "which is not supported"},
        {"{\"quant_method\": \"gptq\", \"group_size\": 128}", "'bits' is missing"},
        {"{\"quant_method\": \"gptq\", \"bits\": 3, \"group_size\": 128}", "GPTQ of 3 bits"},
        {"{\"quant_method\": \"gptq\", \"bits\": 4}", "group_size' is missing"},
        {"{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 0}", "group_size' is 0"},
        {"{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": -2}", "group_size' is -2"},
        {"{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128, \"checkpoint_format\": \"marlin\"}",
         "'marlin'"},
        {"{\"quant_method\": \"gptq\", \"bits\": 4, \"group_size\": 128, \"dynamic\": {\"x\": 1}}", "'dynamic'"},
        {"{\"quant_method\": \"awq\", \"bits\": 3, \"group_size\": 128}", "AWQ of 3 bits"},
        {"{\"quant_method\": \"awq\", \"bits\": 4, \"group_size\": 128, \"version\": \"gemv\"}", "'gemv'"},
        {"{\"quant_method\": \"bitsandbytes\"}", "no configuration says how it is quantized"},
    };
    const packing p = {.kind = GPTQ, .bits = 4, .group = 128};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char config[256];
        (void)snprintf(config, sizeof config, "\"quantization_config\": %s", cases[i].config);
        expect_refused((hf_dir){.config = config, .pack = pack_matrix, .ctx = &p}, cases[i].word);
    }
}
END_TEST

/* Older GPTQ checkpoints have a file of their own instead. */
START_TEST(quantize_config_beside) {
    const packing p = {.kind = GPTQ, .bits = 4, .group = 128};
    float_model m = wide_model(256, false);
    hf_dir_write(&m, &(hf_dir){.class = "LlamaForCausalLM", .dtype = "F32", .pack = pack_matrix, .ctx = &p});
    (void)text_save("quantize_config.json", "{\"bits\": 4, \"group_size\": 128, \"desc_act\": false, \"sym\": true}");
    const gb_convert_options o = from_dir(GB_OUT_AUTO);
    (void)convert_good(&o, scratch("out.gguf"));
    expect_matrices(&m, GB_FORMAT_gptq4, GB_FORMAT_gptq4, true, false);
    float_model_free(&m);
}
END_TEST

int main(void) {
    Suite *s = suite_create("convert_packed");
    TCase *t = tcase_create("convert_packed");
    tcase_add_checked_fixture(t, scratch_enter, scratch_leave);
    tcase_set_timeout(t, 120);
    tcase_add_loop_test(t, kinds_are_kept, 0, KEPT);
    tcase_add_test(t, kinds_are_decoded);
    tcase_add_test(t, doubly_quantized_scales_out_of_step);
    tcase_add_test(t, groups_that_no_format_has);
    tcase_add_test(t, hostile_companions);
    tcase_add_test(t, configurations_that_cannot_be);
    tcase_add_test(t, quantize_config_beside);
    suite_add_tcase(s, t);
    return run_suite(s);
}

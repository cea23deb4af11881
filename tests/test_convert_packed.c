/* Quantized checkpoints (GPTQ, AWQ, bitsandbytes) through convert. The packing here follows the makers' descriptions
 * word by word; the numbers that it stands for are computed beside it, and the file must hold exactly those. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/rng.h"
#include "kernels/registry.h"
#include "model/column_order.h"
#include "reference/number.h"
#include "tests/support/convert_run.h"
#include "tests/support/hf_dir.h"
#include "tests/support/image.h"

/* --- packing ------------------------------------------------------------------------------------------------------ */

typedef struct packing {
    enum { GPTQ, AWQ, NF4, FP4, NF4_DQ, FP4_DQ, INT8 } kind;
    unsigned bits;
    size_t group; /* columns; bitsandbytes: elements */
    bool v2;      /* GPTQ: zeros are stored as they are */
    bool shuffled;
    bool uneven;        /* and the first group has a column of the second */
    const char *scales; /* NULL: F16; of F32 they are no numbers of F16 */
    bool even_map;      /* of doubly quantized scales: not bitsandbytes' own */
} packing;

enum { LONGEST = 512 }; /* row */

static bool is_packed(const float_tensor *t) {
    return t->rows && strstr(t->name, "_proj.weight");
}

static st_entry entry(const float_tensor *t, const char *ending, const char *dtype, size_t a, size_t b, void *data,
                      size_t bytes) {
    return (st_entry){.name = part_name(t, ending),
                      .dtype = dtype,
                      .dims = b ? 2 : 1,
                      .shape = {a, b, 1},
                      .data = data,
                      .bytes = bytes};
}

static void *room(size_t bytes) {
    void *p = calloc(bytes + 1, 1);
    ck_assert_ptr_nonnull(p);
    return p;
}

static uint32_t pick(gb_rng *rng, uint32_t below) {
    return (uint32_t)(gb_rng_uniform(rng) * below);
}

/* A number of few bits: F16 and BF16 both hold it. */
static float some_scale(gb_rng *rng) {
    return (float)(1 + pick(rng, 100)) / 8192.0F;
}

/* The group of a column: in order, or by a shuffle that is the same for every tensor of this width. */
static size_t group_of(const packing *p, const float_tensor *t, size_t column) {
    if (p->uneven && column == t->cols - 1) return 0;
    return p->shuffled ? column * 37 % t->cols / p->group : column / p->group;
}

static size_t pack_groups(const packing *p, float_tensor *t, st_entry *out) {
    static const unsigned awq_order[8] = {0, 2, 4, 6, 1, 3, 5, 7};
    const size_t per = 32 / p->bits;
    const size_t groups = (t->cols + p->group - 1) / p->group;
    const uint32_t mask = (1U << p->bits) - 1;
    const bool awq = p->kind == AWQ;
    uint32_t *codes = room(t->rows * t->cols / per * 4);
    uint32_t *zeros = room(groups * t->rows / per * 4);
    float *scales = room(groups * t->rows * 4);
    uint32_t *index = room(t->cols * 4);
    uint32_t *zero = room(groups * t->rows * 4);
    gb_rng rng;
    gb_rng_seed(&rng, 3, t->name);
    for (size_t i = 0; i < groups * t->rows; i++) {
        const size_t g = i / t->rows;
        const size_t r = i % t->rows;
        scales[i] = some_scale(&rng) / (p->bits == 8 ? 16.0F : 1.0F);
        if (p->scales && strcmp(p->scales, "F32") == 0) scales[i] *= 1.0F + 0x1p-12F;
        zero[i] = pick(&rng, mask + 1);
        size_t place = r % per;
        for (size_t k = 0; awq && k < 8; k++)
            if (awq_order[k] == r % per) place = k;
        const uint32_t stored = awq || p->v2 ? zero[i] : (zero[i] - 1) & mask;
        zeros[g * (t->rows / per) + r / per] |= stored << p->bits * place;
    }
    for (size_t c = 0; c < t->cols; c++) {
        const size_t g = group_of(p, t, c);
        index[c] = (uint32_t)g;
        for (size_t r = 0; r < t->rows; r++) {
            const uint32_t code = pick(&rng, mask + 1);
            t->data[r * t->cols + c] = (float)((int)code - (int)zero[g * t->rows + r]) * scales[g * t->rows + r];
            size_t place = r % per;
            for (size_t k = 0; awq && k < 8; k++)
                if (awq_order[k] == r % per) place = k;
            if (awq)
                codes[c * (t->rows / per) + r / per] |= code << p->bits * place;
            else
                codes[c / per * t->rows + r] |= code << p->bits * (c % per);
        }
    }
    size_t bytes = 0;
    const char *dtype = p->scales ? p->scales : "F16";
    void *stored = as_dtype(scales, groups * t->rows, dtype, &bytes);
    size_t n = 0;
    out[n++] = entry(t, "qweight", "I32", awq ? t->cols : t->cols / per, awq ? t->rows / per : t->rows, codes,
                     t->rows * t->cols / per * 4);
    out[n++] = entry(t, "qzeros", "I32", groups, t->rows / per, zeros, groups * t->rows / per * 4);
    out[n++] = entry(t, "scales", dtype, groups, t->rows, stored, bytes);
    if (!awq) out[n++] = entry(t, "g_idx", "I32", t->cols, 0, index, t->cols * 4);
    if (awq) free(index);
    free(scales);
    free(zero);
    return n;
}

static const float nf4_levels[16] = {-1.0F,
                                     -0.6961928009986877F,
                                     -0.5250730514526367F,
                                     -0.39491748809814453F,
                                     -0.28444138169288635F,
                                     -0.18477343022823334F,
                                     -0.09105003625154495F,
                                     0.0F,
                                     0.07958029955625534F,
                                     0.16093020141124725F,
                                     0.24611230194568634F,
                                     0.33791524171829224F,
                                     0.44070982933044434F,
                                     0.5626170039176941F,
                                     0.7229568362236023F,
                                     1.0F};
static const float fp4_twelfths[8] = {0, 0.0625F, 8, 12, 4, 6, 2, 3};

static int ascending(const void *a, const void *b) {
    const float x = *(const float *)a;
    const float y = *(const float *)b;
    return (x > y) - (x < y);
}

/* bitsandbytes' create_dynamic_map(signed): middles of 2^k equal parts of 0.1..1, times 10^(k - 6), both signs; 0; 1.
 */
static float *dynamic_map(void) {
    float *map = room(256 * sizeof *map);
    size_t n = 0;
    for (int k = 0; k < 7; k++)
        for (int j = 0; j < 1 << k; j++) {
            const double part = 0.9 / (double)(1 << k);
            const double middle = (0.1 + part * j + 0.1 + part * (j + 1)) / 2 * pow(10, k - 6);
            map[n++] = (float)middle;
            map[n++] = (float)-middle;
        }
    map[n++] = 0;
    map[n++] = 1;
    ck_assert_uint_eq(n, 256);
    qsort(map, n, sizeof *map, ascending);
    return map;
}

static size_t pack_bnb(const packing *p, float_tensor *t, st_entry *out) {
    const bool fp4 = p->kind == FP4 || p->kind == FP4_DQ;
    const bool nested = p->kind == NF4_DQ || p->kind == FP4_DQ;
    const size_t n = t->rows * t->cols;
    const size_t blocks = (n + p->group - 1) / p->group;
    const size_t groups = (blocks + 255) / 256;
    const float offset = 0.0625F;
    uint8_t *codes = room((n + 1) / 2);
    float *levels = room(16 * sizeof *levels);
    uint8_t *small = room(blocks);
    float *absmax = room(blocks * sizeof *absmax);
    float *outer = room(groups * sizeof *outer);
    float *map = dynamic_map();
    for (int i = 0; p->even_map && i < 256; i++) map[i] = (float)(i - 128) / 128.0F;
    char *state = room(512);
    gb_rng rng;
    gb_rng_seed(&rng, 4, t->name);
    for (size_t i = 0; i < 16; i++)
        levels[i] = fp4 ? (i < 8 ? 1.0F : -1.0F) * (fp4_twelfths[i % 8] / 12.0F) : nf4_levels[i];
    for (size_t i = 0; i < groups; i++) outer[i] = some_scale(&rng);
    for (size_t i = 0; i < blocks; i++) {
        small[i] = (uint8_t)pick(&rng, 256);
        const float product = map[small[i]] * outer[i / 256];
        absmax[i] = nested ? product + offset : some_scale(&rng) * 16.0F;
    }
    for (size_t i = 0; i < n; i++) {
        const uint32_t code = pick(&rng, 16);
        codes[i / 2] |= (uint8_t)(i % 2 ? code : code << 4);
        t->data[i] = levels[code] * absmax[i / p->group];
    }
    (void)snprintf(
        state, 512, "{\"quant_type\": \"%s\", \"blocksize\": %zu, \"dtype\": \"float16\", \"shape\": [%zu, %zu]%s}",
        fp4 ? "fp4" : "nf4", p->group, t->rows, t->cols,
        nested ? ", \"nested_blocksize\": 256, \"nested_dtype\": \"float32\", \"nested_offset\": 0.0625" : "");
    size_t count = 0;
    out[count++] = entry(t, "weight", "U8", (n + 1) / 2, 1, codes, (n + 1) / 2);
    out[count++] = entry(t, "weight.absmax", nested ? "U8" : "F32", blocks, 0, nested ? (void *)small : (void *)absmax,
                         nested ? blocks : blocks * 4);
    out[count++] = entry(t, "weight.quant_map", "F32", 16, 0, levels, 64);
    out[count++] = entry(t, fp4 ? "weight.quant_state.bitsandbytes__fp4" : "weight.quant_state.bitsandbytes__nf4", "U8",
                         strlen(state), 0, state, strlen(state));
    if (nested) {
        out[count++] = entry(t, "weight.nested_absmax", "F32", groups, 0, outer, groups * 4);
        out[count++] = entry(t, "weight.nested_quant_map", "F32", 256, 0, map, 1024);
        free(absmax);
    } else {
        free(outer);
        free(map);
        free(small);
    }
    return count;
}

static size_t pack_int8(float_tensor *t, st_entry *out) {
    int8_t *codes = room(t->rows * t->cols);
    float *scb = room(t->rows * sizeof *scb);
    gb_rng rng;
    gb_rng_seed(&rng, 5, t->name);
    for (size_t r = 0; r < t->rows; r++) {
        scb[r] = some_scale(&rng) * 64.0F;
        const float d = scb[r] / 127.0F;
        for (size_t c = 0; c < t->cols; c++) {
            codes[r * t->cols + c] = (int8_t)((int)pick(&rng, 256) - 128);
            t->data[r * t->cols + c] = (float)codes[r * t->cols + c] * d;
        }
    }
    out[0] = entry(t, "weight", "I8", t->rows, t->cols, codes, t->rows * t->cols);
    out[1] = entry(t, "SCB", "F32", t->rows, 0, scb, t->rows * sizeof *scb);
    out[2] = entry(t, "weight_format", "U8", 1, 0, room(1), 1);
    out[2].dims = 0;
    return 3;
}

static size_t pack(const void *ctx, float_tensor *t, st_entry *out) {
    const packing *p = ctx;
    if (!is_packed(t)) return 0;
    if (p->kind == INT8) return pack_int8(t, out);
    return p->kind <= AWQ ? pack_groups(p, t, out) : pack_bnb(p, t, out);
}

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
                              .pack = pack,
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
        expect_refused((hf_dir){.config = config_of(&cases[i].p), .pack = pack, .ctx = &cases[i].p}, cases[i].word);
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
    size_t n = pack(&s->p, t, out);
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
        expect_refused((hf_dir){.config = config, .pack = pack, .ctx = &p}, cases[i].word);
    }
}
END_TEST

/* Older GPTQ checkpoints have a file of their own instead. */
START_TEST(quantize_config_beside) {
    const packing p = {.kind = GPTQ, .bits = 4, .group = 128};
    float_model m = wide_model(256, false);
    hf_dir_write(&m, &(hf_dir){.class = "LlamaForCausalLM", .dtype = "F32", .pack = pack, .ctx = &p});
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
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    const int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? 1 : 0;
}

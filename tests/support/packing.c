#include "tests/support/packing.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/rng.h"

bool is_packed(const float_tensor *t) {
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

size_t pack_matrix(const void *ctx, float_tensor *t, st_entry *out) {
    const packing *p = ctx;
    if (!is_packed(t)) return 0;
    if (p->kind == INT8) return pack_int8(t, out);
    return p->kind <= AWQ ? pack_groups(p, t, out) : pack_bnb(p, t, out);
}

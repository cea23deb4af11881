/* GPTQ and AWQ: unsigned codes, a scale and a zero for each group of columns and each row of the result.
 *
 * GPTQ: qweight i32 [columns / per][rows], per = 32 / bits codes of successive columns in a word, lowest first; qzeros
 * i32 [groups][rows / per], those of successive rows; scales [groups][rows]; g_idx i32 [columns], the group of each
 * column, which only act-order makes other than column / group.
 * AWQ ("gemm"): qweight i32 [columns][rows / 8], codes of eight successive rows in a word, in the order 0 2 4 6 1 3 5
 * 7; qzeros i32 [groups][rows / 8] in the same order; scales as GPTQ's. Sources: the pack methods of AutoGPTQ and
 * GPTQModel, and of AutoAWQ. */
#include <stdlib.h>
#include <string.h>

#include "convert/packed.h"
#include "harness/alloc.h"
#include "kernels/registry.h"
#include "reference/number.h"

enum { BLOCK = 128 }; /* of the formats */

/* --- reading ------------------------------------------------------------------------------------------------------ */

static uint32_t word(const uint8_t *data, uint64_t index) {
    uint32_t v = 0;
    memcpy(&v, data + index * sizeof v, sizeof v);
    return v;
}

/* Place of element e of a word of eight, counted in nibbles from the lowest, as AWQ has them. */
static unsigned awq_place(uint64_t e) {
    return (unsigned)(e % 2 ? 4 + e / 2 : e / 2);
}

static unsigned code_of(const gb_packed *p, uint64_t row, uint64_t column) {
    if (p->format == GB_FORMAT_awq4)
        return word(p->codes, column * (p->rows / 8) + row / 8) >> 4 * awq_place(row % 8) & 15U;
    const unsigned per = 32 / p->bits;
    return word(p->codes, column / per * p->rows + row) >> p->bits * (column % per) & ((1U << p->bits) - 1);
}

static unsigned zero_of(const gb_packed *p, uint64_t row, uint64_t group) {
    if (p->format == GB_FORMAT_awq4)
        return word(p->zeros, group * (p->rows / 8) + row / 8) >> 4 * awq_place(row % 8) & 15U;
    const unsigned per = 32 / p->bits;
    const uint32_t stored = word(p->zeros, group * (p->rows / per) + row / per) >> p->bits * (row % per);
    return (stored + p->zero_add) & ((1U << p->bits) - 1); /* a zero of 0 was stored as all ones */
}

static float scale_of(const gb_packed *p, uint64_t row, uint64_t group) {
    const uint8_t *at = p->scales + (group * p->rows + row) * gb_formats[p->scale_format].block_bytes;
    float d = 0;
    gb_reference(p->scale_format, GB_OP_dequantize).dequantize(at, &d, 1);
    return d;
}

static uint64_t group_of(const gb_packed *p, uint64_t column) {
    return p->group_of ? p->group_of[column] : column / p->group;
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static void put_code(gb_format format, uint8_t *qs, size_t i, unsigned code) {
    if (format == GB_FORMAT_gptq8) {
        qs[i] = (uint8_t)code;
        return;
    }
    const size_t at = format == GB_FORMAT_awq4 ? i / 8 * 8 + awq_place(i % 8) : i;
    qs[at / 2] = (uint8_t)(qs[at / 2] | code << (at % 2 ? 4 : 0));
}

static void encode_row(const gb_packed *p, uint64_t row, uint8_t *blocks) {
    const size_t bytes = gb_formats[p->format].block_bytes;
    for (uint64_t first = 0; first < p->columns; first += BLOCK, blocks += bytes) {
        memset(blocks, 0, bytes);
        const uint64_t group = group_of(p, p->order ? p->order[first] : first);
        gb_store_u16(blocks, 0, gb_f16_from_f32(scale_of(p, row, group)));
        blocks[2] = (uint8_t)zero_of(p, row, group);
        for (size_t i = 0; i < BLOCK; i++)
            put_code(p->format, blocks + 3, i, code_of(p, row, p->order ? p->order[first + i] : first + i));
    }
}

/* Exact with scales of F16: 11 bits of them, and at most 9 of the difference. */
static void decode_row(const gb_packed *p, uint64_t row, float *x) {
    for (uint64_t c = 0; c < p->columns; c++) {
        const uint64_t group = group_of(p, c);
        x[c] = (float)((int)code_of(p, row, c) - (int)zero_of(p, row, group)) * scale_of(p, row, group);
    }
}

static bool make_row(const gb_convert_tensor *t, uint64_t row, float *x, void *blocks) {
    const uint64_t source = t->head_dim ? gb_row_in_halves(row, t->head_dim) : row;
    if (t->row.to == t->packed->format) {
        encode_row(t->packed, source, blocks);
        return false;
    }
    decode_row(t->packed, source, x);
    return true;
}

/* --- checking ----------------------------------------------------------------------------------------------------- */

/* Scales of another type than F16 fit the formats if they are F16 numbers all the same. */
static bool scales_are_f16(const gb_packed *p, uint64_t groups) {
    if (p->scale_format == GB_FORMAT_f16) return true;
    for (uint64_t g = 0; g < groups; g++)
        for (uint64_t r = 0; r < p->rows; r++) {
            const float d = scale_of(p, r, g);
            const float back = gb_f32_from_f16(gb_f16_from_f32(d));
            if (back < d || back > d) return false;
        }
    return true;
}

/* The groups of act-order. A g_idx that says nothing new (column / group) is dropped. */
static int take_g_idx(const gb_packed_request *r, gb_packed *p, uint64_t groups) {
    if (!gb_packed_has(r, "g_idx") && !r->s->quant.act_order) return GB_OK;
    const gb_st_tensor *t = gb_packed_companion(r, "g_idx", 1, p->columns, 0);
    int rc = t ? gb_packed_dtype(r, t, GB_DTYPE_I32) : GB_EINPUT;
    if (rc) return rc;
    p->group_of = gb_new((size_t)p->columns, sizeof *p->group_of, "groups of columns", r->err);
    if (!p->group_of) return GB_ESYSTEM;
    bool plain = true;
    for (uint64_t c = 0; c < p->columns; c++) {
        p->group_of[c] = word(t->data, c);
        plain = plain && p->group_of[c] == c / p->group;
        if (p->group_of[c] >= groups)
            return gb_fail(r->err, GB_EINPUT, "%s: tensor '%s': column %llu is of group %d, expected 0 to %llu",
                           r->path, t->name, (unsigned long long)c, (int)p->group_of[c],
                           (unsigned long long)groups - 1);
    }
    if (!plain) return GB_OK;
    free(p->group_of);
    p->group_of = NULL;
    return GB_OK;
}

/* The columns by group, each group in its order. False: a group is no whole number of blocks. */
static bool sort_columns(gb_packed *p, uint32_t *first) {
    const uint64_t n = p->columns;
    uint32_t at = 0;
    bool whole = true;
    for (uint64_t c = 0; c < n; c++) first[p->group_of[c]]++; /* how many */
    for (uint64_t g = 0; g < (n + p->group - 1) / p->group; g++) {
        const uint32_t count = first[g];
        whole = whole && count % BLOCK == 0;
        first[g] = at; /* where the group begins */
        at += count;
    }
    for (uint64_t c = 0; c < n; c++) p->order[first[p->group_of[c]]++] = (uint32_t)c;
    return whole;
}

/* Whether the format can hold the matrix: as it is, or with its columns in the order of their groups. */
static int take_order(const gb_packed_request *r, gb_packed *p, uint64_t groups) {
    p->exact = p->columns % BLOCK == 0 && scales_are_f16(p, groups);
    if (!p->group_of) {
        p->exact = p->exact && p->group % BLOCK == 0;
        return GB_OK;
    }
    uint32_t *first = gb_new((size_t)groups, sizeof *first, "groups of columns", r->err);
    p->order = gb_new((size_t)p->columns, sizeof *p->order, "an order of columns", r->err);
    if (first && p->order) p->exact = sort_columns(p, first) && p->exact;
    free(first);
    return first && p->order ? GB_OK : GB_ESYSTEM;
}

static int take_scales(const gb_packed_request *r, gb_packed *p, uint64_t groups) {
    const gb_st_tensor *t = gb_packed_companion(r, "scales", 2, groups, p->rows);
    if (!t) return GB_EINPUT;
    p->scales = t->data;
    p->scale_format = gb_dtype_format(t->dtype);
    return p->scale_format == GB_FORMAT_COUNT ? gb_packed_dtype(r, t, GB_DTYPE_F16) : GB_OK;
}

static int take_tensors(const gb_packed_request *r, gb_packed *p) {
    const uint64_t per = 32 / p->bits;
    const bool awq = p->format == GB_FORMAT_awq4;
    const uint64_t groups = (p->columns + p->group - 1) / p->group;
    if (p->rows % per || (!awq && p->columns % per))
        return gb_fail(r->err, GB_EINPUT, "%s: '%s' of %llu x %llu is no whole number of packed words", r->path,
                       r->base, (unsigned long long)p->rows, (unsigned long long)p->columns);
    const gb_st_tensor *codes = awq ? gb_packed_companion(r, "qweight", 2, p->columns, p->rows / per)
                                    : gb_packed_companion(r, "qweight", 2, p->columns / per, p->rows);
    const gb_st_tensor *zeros = codes ? gb_packed_companion(r, "qzeros", 2, groups, p->rows / per) : NULL;
    if (!zeros) return GB_EINPUT;
    p->codes = codes->data;
    p->code_bytes = (size_t)codes->bytes;
    p->zeros = zeros->data;
    int rc = gb_packed_dtype(r, codes, GB_DTYPE_I32);
    if (!rc) rc = gb_packed_dtype(r, zeros, GB_DTYPE_I32);
    if (!rc) rc = take_scales(r, p, groups);
    if (!rc && !awq) rc = take_g_idx(r, p, groups);
    return rc ? rc : take_order(r, p, groups);
}

int gb_grouped_take(const gb_packed_request *r) {
    const gb_quant_config *q = &r->s->quant;
    gb_packed *p = gb_new(1, sizeof *p, "a packed matrix", r->err);
    if (!p) return GB_ESYSTEM;
    *p = (gb_packed){.format = q->method == GB_QUANT_AWQ ? GB_FORMAT_awq4
                               : q->bits == 4            ? GB_FORMAT_gptq4
                                                         : GB_FORMAT_gptq8,
                     .rows = r->rows,
                     .columns = r->columns,
                     .group = (size_t)(q->group && q->group < r->columns ? q->group : r->columns),
                     .bits = (unsigned)q->bits,
                     .zero_add = q->zeros_less_one ? 1 : 0};
    const int rc = take_tensors(r, p);
    if (rc) {
        gb_packed_free(p);
        return rc;
    }
    (void)gb_packed_add(r, p, make_row);
    return GB_OK;
}

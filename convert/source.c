#include "convert/source.h"

#include <stdlib.h>
#include <string.h>

#include "convert/packed.h"
#include "harness/alloc.h"
#include "kernels/registry.h"

enum { TENSORS_PER_LAYER = 24, TENSORS_BESIDES = 5 }; /* norms; matrices, their biases and orders of columns */

int gb_source_init(gb_source *s, uint64_t layers, gb_error *err) {
    s->room = (size_t)layers * TENSORS_PER_LAYER + TENSORS_BESIDES; /* layers are limited: no overflow */
    s->tensors = gb_new(s->room, sizeof *s->tensors, "tensors of a model", err);
    return s->tensors ? GB_OK : GB_ESYSTEM;
}

void gb_source_free(gb_source *s) {
    for (size_t i = 0; i < s->count; i++) {
        free(s->tensors[i].values);
        gb_packed_free(s->tensors[i].packed);
    }
    free(s->tensors);
    gb_vocab_free(&s->vocab);
    gb_checkpoint_close(&s->checkpoint);
    gb_map_close(&s->map);
    *s = (gb_source){0};
}

/* The references serve: they are exact here, and a disk is slower. */
static void widen(gb_format from, const void *row, float *x, size_t n) {
    gb_reference(from, GB_OP_dequantize).dequantize(row, x, n);
}

static bool make_matrix_row(const gb_convert_tensor *t, uint64_t row, float *x, void *blocks) {
    const uint8_t *data = t->data + (t->head_dim ? gb_row_in_halves(row, t->head_dim) : row) * t->row_bytes;
    if (t->row.from == t->row.to) {
        memcpy(blocks, data, t->row_bytes);
        return false;
    }
    widen(t->row.from, data, x, t->row.ne[0]);
    return true;
}

static bool make_vector(const gb_convert_tensor *t, uint64_t row, float *x, void *blocks) {
    (void)row;
    (void)blocks;
    const size_t n = t->row.ne[0];
    const size_t size = t->row_bytes / n;
    if (!t->head_dim) {
        widen(t->row.from, t->data, x, n);
        return true;
    }
    for (size_t i = 0; i < n; i++) widen(t->row.from, t->data + gb_row_in_halves(i, t->head_dim) * size, x + i, 1);
    return true;
}

gb_convert_tensor *gb_source_add(gb_source *s, const char *name, uint64_t rows, uint64_t columns, gb_format from,
                                 const uint8_t *data) {
    gb_convert_tensor *t = &s->tensors[s->count++];
    (void)snprintf(t->name, sizeof t->name, "%s", name);
    t->row = (gb_plan_row){
        .name = {t->name, strlen(t->name)}, .ne = {columns, rows ? rows : 1, 1, 1}, .dims = rows ? 2 : 1, .from = from};
    t->make = rows ? make_matrix_row : make_vector;
    t->data = data;
    t->row_bytes = gb_row_bytes(from, columns);
    return t;
}

/* Numbers of general.file_type. */
static const struct {
    gb_format format;
    uint32_t file_type;
} outtypes[] = {
    [GB_OUT_F32] = {GB_FORMAT_f32, 0}, [GB_OUT_F16] = {GB_FORMAT_f16, 1}, [GB_OUT_BF16] = {GB_FORMAT_bf16, 32}};

static gb_outtype common_type(const gb_source *s) {
    gb_outtype common = GB_OUT_AUTO;
    for (size_t i = 0; i < s->count; i++) {
        const gb_plan_row *r = &s->tensors[i].row;
        if (r->dims < 2 || s->tensors[i].packed) continue;
        const gb_outtype type = r->from == GB_FORMAT_f16    ? GB_OUT_F16
                                : r->from == GB_FORMAT_bf16 ? GB_OUT_BF16
                                                            : GB_OUT_F32;
        if (common == GB_OUT_AUTO) common = type;
        if (common != type) return GB_OUT_F32;
    }
    return common == GB_OUT_AUTO ? GB_OUT_F32 : common;
}

static bool make_order(const gb_convert_tensor *t, uint64_t row, float *x, void *blocks) {
    (void)row;
    (void)x;
    memcpy(blocks, t->order, t->row_bytes);
    return false;
}

/* The order of the columns of a matrix, where it has one (act-order). */
static void add_order(gb_source *s, const gb_convert_tensor *of) {
    char name[64];
    if (!of->packed->order) return;
    (void)snprintf(name, sizeof name, "%.58s.perm", of->name);
    gb_convert_tensor *t = gb_source_add(s, name, 0, of->packed->columns, GB_FORMAT_i32, NULL);
    t->order = of->packed->order;
    t->make = make_order;
    t->row.to = GB_FORMAT_i32;
}

/* A quantized matrix in a file of `outtype`: decoded, or as it is. */
static int choose_packed(gb_source *s, gb_convert_tensor *t, gb_outtype outtype, gb_error *err) {
    if (outtype != GB_OUT_AUTO) {
        t->row.to = outtypes[outtype].format;
        return GB_OK;
    }
    if (!t->packed->exact)
        return gb_fail(
            err, GB_EINPUT,
            "tensor '%s': %s cannot hold these groups of columns, their scales or levels; --outtype f16, bf16 or f32 "
            "decodes the matrices",
            t->name, gb_formats[t->packed->format].NAME);
    t->row.to = t->packed->format;
    add_order(s, t);
    s->file_type = gb_formats[t->row.to].ggml_type; /* GGUF has no number for such files either */
    return GB_OK;
}

int gb_source_choose_types(gb_source *s, gb_outtype outtype, gb_error *err) {
    const gb_outtype plain = outtype == GB_OUT_AUTO ? common_type(s) : outtype;
    const size_t count = s->count; /* orders come behind */
    int rc = GB_OK;
    s->file_type = outtypes[plain].file_type;
    for (size_t i = 0; !rc && i < count; i++) {
        gb_convert_tensor *t = &s->tensors[i];
        if (t->packed)
            rc = choose_packed(s, t, outtype, err);
        else
            t->row.to = t->row.dims < 2 ? GB_FORMAT_f32 : outtypes[plain].format;
    }
    return rc;
}

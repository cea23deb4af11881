/* bitsandbytes: nf4 and fp4 (weight u8, two codes a byte, high nibble first, over the flattened matrix; weight.absmax,
 * one scale for each `blocksize` elements, F32 or, doubly quantized, codes of a map under scales of their own;
 * weight.quant_map, the levels; weight.quant_state.bitsandbytes__nf4, JSON), and LLM.int8 (weight i8, SCB, the largest
 * magnitude of each row). Source: QuantState.as_dict and Linear8bitLt in bitsandbytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "convert/packed.h"
#include "harness/alloc.h"
#include "kernels/registry.h"
#include "model/llama.h"
#include "reference/number.h"

enum { BLOCK = 64, HEAD_BLOCKS = 256, MAP = 256 };

/* --- rows of nf4 and fp4 ------------------------------------------------------------------------------------------ */

static unsigned code_of(const gb_packed *p, uint64_t i) {
    return i % 2 ? p->codes[i / 2] & 15U : (unsigned)p->codes[i / 2] >> 4;
}

/* Scale of the elements that begin at i of the flattened matrix. */
static float scale_at(const gb_packed *p, uint64_t i) {
    const uint64_t block = i / p->blocksize;
    if (!p->nested_absmax) return gb_load_f32(p->absmax, block);
    const float product =
        gb_load_f32(p->nested_map, p->absmax[block]) * gb_load_f32(p->nested_absmax, block / p->nested_blocksize);
    return product + p->nested_offset;
}

static void encode_row(const gb_packed *p, uint64_t first, uint8_t *blocks) {
    for (uint64_t c = 0; c < p->columns; c += BLOCK, blocks += sizeof(gb_block_bnb4)) {
        const float absmax = scale_at(p, first + c);
        memcpy(blocks, &absmax, sizeof absmax);
        memcpy(blocks + sizeof absmax, p->codes + (first + c) / 2, BLOCK / 2);
    }
}

static void encode_row_dq(const gb_packed *p, uint64_t first, uint8_t *row) {
    const uint64_t block = first / BLOCK;
    const size_t count = (size_t)p->columns / BLOCK;
    for (size_t k = 0; k < count; k += HEAD_BLOCKS, row += sizeof(gb_head_bnb4_dq)) {
        const gb_head_bnb4_dq head = {gb_load_f32(p->nested_absmax, (block + k) / HEAD_BLOCKS), p->nested_offset};
        memcpy(row, &head, sizeof head);
    }
    for (size_t k = 0; k < count; k++, row += sizeof(gb_block_bnb4_dq)) {
        row[0] = p->absmax[block + k];
        memcpy(row + 1, p->codes + (first + k * BLOCK) / 2, BLOCK / 2);
    }
}

static bool make_row(const gb_convert_tensor *t, uint64_t row, float *x, void *blocks) {
    const gb_packed *p = t->packed;
    const uint64_t first = (t->head_dim ? gb_row_in_halves(row, t->head_dim) : row) * p->columns;
    if (t->row.to == GB_FORMAT_nf4_dq || t->row.to == GB_FORMAT_fp4_dq) {
        encode_row_dq(p, first, blocks);
        return false;
    }
    if (t->row.to == GB_FORMAT_nf4 || t->row.to == GB_FORMAT_fp4) {
        encode_row(p, first, blocks);
        return false;
    }
    for (uint64_t c = 0; c < p->columns; c++) x[c] = p->levels[code_of(p, first + c)] * scale_at(p, first + c);
    return true;
}

/* --- the maps ----------------------------------------------------------------------------------------------------- */

/* Are the levels of the checkpoint those of the format? The format shows its own in a block of scale 1. */
static bool same_levels(const gb_packed *p) {
    gb_block_bnb4 block = {.absmax = 1.0F};
    float x[BLOCK];
    for (size_t i = 0; i < 8; i++) block.qs[i] = (uint8_t)(2 * i << 4 | (2 * i + 1));
    gb_reference(p->format, GB_OP_dequantize).dequantize(&block, x, BLOCK);
    for (size_t i = 0; i < 16; i++)
        if (!(x[i] == p->levels[i])) return false;
    return true;
}

/* The map of scales is computed in binary32, differently in each version: its last bits are no reason to leave it. */
static bool same_map(const gb_packed *p) {
    static const float close = 1e-6F;
    struct GB_PACKED {
        gb_head_bnb4_dq head;
        gb_block_bnb4_dq block;
    } row = {.head = {1.0F, 0.0F}};
    memset(row.block.qs, 0xff, sizeof row.block.qs); /* the level 1 of nf4 */
    for (unsigned code = 0; code < MAP; code++) {
        float x[BLOCK];
        row.block.absmax = (uint8_t)code;
        gb_reference(GB_FORMAT_nf4_dq, GB_OP_dequantize).dequantize(&row, x, BLOCK);
        const float found = gb_load_f32(p->nested_map, code);
        if (!(fabsf(found - x[0]) <= close * fabsf(x[0]))) return false;
    }
    return true;
}

/* --- checking ----------------------------------------------------------------------------------------------------- */

static int read_state(const gb_packed_request *r, const char *kind, gb_packed *p, bool nested) {
    char ending[64];
    char name[192];
    gb_json state;
    uint64_t blocksize = 0;
    uint64_t nested_blocksize = 0;
    double offset = 0;
    (void)snprintf(ending, sizeof ending, "weight.quant_state.bitsandbytes__%s", kind);
    (void)snprintf(name, sizeof name, "%s: tensor '%s.%s'", r->path, r->base, ending);
    const gb_st_tensor *t = gb_packed_companion(r, ending, 0, 0, 0);
    int rc = t ? gb_packed_dtype(r, t, GB_DTYPE_U8) : GB_EINPUT;
    if (!rc) rc = gb_json_parse(name, (const char *)t->data, (size_t)t->bytes, &state, r->err);
    if (rc) return rc;
    const cJSON *shape = gb_json_find(state.root, "shape");
    uint64_t rows = 0;
    uint64_t columns = 0;
    rc = gb_json_need_u64(&state, state.root, "blocksize", 1 << 20, &blocksize, r->err);
    if (!rc && nested)
        rc = gb_json_need_u64(&state, state.root, "nested_blocksize", 1 << 20, &nested_blocksize, r->err);
    if (!rc && nested) rc = gb_json_get_f64(&state, state.root, "nested_offset", &offset, r->err);
    if (!rc &&
        (!cJSON_IsArray(shape) || cJSON_GetArraySize(shape) != 2 || !gb_json_whole(shape->child, GB_MAX_VOCAB, &rows) ||
         !gb_json_whole(shape->child->next, GB_MAX_VOCAB, &columns) || rows != p->rows || columns != p->columns))
        rc = gb_fail(r->err, GB_EINPUT, "%s: 'shape' is %llu x %llu, expected %llu x %llu by config.json", name,
                     (unsigned long long)rows, (unsigned long long)columns, (unsigned long long)p->rows,
                     (unsigned long long)p->columns);
    if (!rc && (blocksize < 1 || (nested && nested_blocksize < 1)))
        rc = gb_fail(r->err, GB_EINPUT, "%s: a block size of 0", name);
    p->blocksize = (size_t)blocksize;
    p->nested_blocksize = (size_t)nested_blocksize;
    p->nested_offset = (float)offset;
    gb_json_close(&state);
    return rc;
}

static int take_levels(const gb_packed_request *r, gb_packed *p) {
    const gb_st_tensor *t = gb_packed_companion(r, "weight.quant_map", 1, 16, 0);
    const int rc = t ? gb_packed_dtype(r, t, GB_DTYPE_F32) : GB_EINPUT;
    for (size_t i = 0; !rc && i < 16; i++) p->levels[i] = gb_load_f32(t->data, i);
    return rc;
}

static int take_scales(const gb_packed_request *r, gb_packed *p, bool nested) {
    const uint64_t blocks = (p->rows * p->columns + p->blocksize - 1) / p->blocksize;
    const gb_st_tensor *absmax = gb_packed_companion(r, "weight.absmax", 1, blocks, 0);
    int rc = absmax ? gb_packed_dtype(r, absmax, nested ? GB_DTYPE_U8 : GB_DTYPE_F32) : GB_EINPUT;
    if (rc) return rc;
    p->absmax = absmax->data;
    if (!nested) return GB_OK;
    const uint64_t groups = (blocks + p->nested_blocksize - 1) / p->nested_blocksize;
    const gb_st_tensor *scales = gb_packed_companion(r, "weight.nested_absmax", 1, groups, 0);
    const gb_st_tensor *map = scales ? gb_packed_companion(r, "weight.nested_quant_map", 1, MAP, 0) : NULL;
    if (!map) return GB_EINPUT;
    rc = gb_packed_dtype(r, scales, GB_DTYPE_F32);
    if (!rc) rc = gb_packed_dtype(r, map, GB_DTYPE_F32);
    p->nested_absmax = scales->data;
    p->nested_map = map->data;
    return rc;
}

static int take_codes(const gb_packed_request *r, gb_packed *p) {
    const gb_st_tensor *t = gb_packed_companion(r, "weight", 0, 0, 0);
    const int rc = t ? gb_packed_dtype(r, t, GB_DTYPE_U8) : GB_EINPUT;
    if (rc) return rc;
    if (t->bytes != (p->rows * p->columns + 1) / 2)
        return gb_fail(r->err, GB_EINPUT,
                       "%s: tensor '%s' has %llu bytes, expected %llu for %llu x %llu codes of 4 bits", r->path,
                       t->name, (unsigned long long)t->bytes, (unsigned long long)(p->rows * p->columns + 1) / 2,
                       (unsigned long long)p->rows, (unsigned long long)p->columns);
    p->codes = t->data;
    p->code_bytes = (size_t)t->bytes;
    return GB_OK;
}

/* The format of the checkpoint's own kind. Groups of doubly quantized scales run through the whole matrix there,
 * through the row here: where they do not meet, the scales are written out, which loses nothing. */
static void choose_format(gb_packed *p, bool fp4, bool nested) {
    const uint64_t per_row = p->columns / BLOCK;
    p->format = fp4 ? GB_FORMAT_fp4 : GB_FORMAT_nf4;
    p->exact = p->columns % BLOCK == 0 && p->blocksize % BLOCK == 0 && same_levels(p);
    if (!p->exact || !nested || p->blocksize != BLOCK || p->nested_blocksize != HEAD_BLOCKS) return;
    if ((HEAD_BLOCKS % per_row == 0 || per_row % HEAD_BLOCKS == 0) && same_map(p))
        p->format = fp4 ? GB_FORMAT_fp4_dq : GB_FORMAT_nf4_dq;
}

int gb_bnb4_take(const gb_packed_request *r) {
    const bool fp4 = gb_packed_has(r, "weight.quant_state.bitsandbytes__fp4");
    const bool nested = gb_packed_has(r, "weight.nested_absmax");
    gb_packed *p = gb_new(1, sizeof *p, "a packed matrix", r->err);
    if (!p) return GB_ESYSTEM;
    p->rows = r->rows;
    p->columns = r->columns;
    int rc = take_codes(r, p);
    if (!rc) rc = read_state(r, fp4 ? "fp4" : "nf4", p, nested);
    if (!rc) rc = take_levels(r, p);
    if (!rc) rc = take_scales(r, p, nested);
    if (rc) {
        gb_packed_free(p);
        return rc;
    }
    choose_format(p, fp4, nested);
    (void)gb_packed_add(r, p, make_row);
    return GB_OK;
}

/* --- LLM.int8 ----------------------------------------------------------------------------------------------------- */

static bool make_int8_row(const gb_convert_tensor *t, uint64_t row, float *x, void *blocks) {
    const gb_packed *p = t->packed;
    const uint64_t source = t->head_dim ? gb_row_in_halves(row, t->head_dim) : row;
    const int8_t *q = (const int8_t *)p->codes + source * p->columns;
    const float d = gb_load_f32(p->scales, source) / 127.0F;
    if (t->row.to == GB_FORMAT_int8_row) {
        memcpy(blocks, &d, sizeof d);
        memcpy((uint8_t *)blocks + sizeof d, q, p->columns);
        return false;
    }
    for (uint64_t c = 0; c < p->columns; c++) x[c] = (float)q[c] * d;
    return true;
}

int gb_int8_take(const gb_packed_request *r) {
    const gb_st_tensor *codes = gb_packed_companion(r, "weight", 2, r->rows, r->columns);
    const gb_st_tensor *scales = codes ? gb_packed_companion(r, "SCB", 1, r->rows, 0) : NULL;
    if (!scales) return GB_EINPUT;
    int rc = gb_packed_dtype(r, codes, GB_DTYPE_I8);
    if (!rc) rc = gb_packed_dtype(r, scales, GB_DTYPE_F32);
    if (!rc && gb_packed_has(r, "weight_format")) { /* 0: rows as they are; others: tiles of old GPUs */
        const gb_st_tensor *t = gb_packed_companion(r, "weight_format", 0, 0, 0);
        for (uint64_t i = 0; !rc && i < t->bytes; i++)
            if (t->data[i])
                rc = gb_fail(r->err, GB_EINPUT, "%s: tensor '%s' says that the weights are not in rows", r->path,
                             t->name);
    }
    if (rc) return rc;
    gb_packed *p = gb_new(1, sizeof *p, "a packed matrix", r->err);
    if (!p) return GB_ESYSTEM;
    *p = (gb_packed){.format = GB_FORMAT_int8_row,
                     .exact = r->columns % gb_formats[GB_FORMAT_int8_row].block_elems == 0,
                     .rows = r->rows,
                     .columns = r->columns,
                     .codes = codes->data,
                     .code_bytes = (size_t)codes->bytes,
                     .scales = scales->data};
    (void)gb_packed_add(r, p, make_int8_row);
    return GB_OK;
}

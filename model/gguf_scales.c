/* The only bytes of a block that can make a result NaN or infinite are its floating-point scales, and elements that are
 * small floats themselves: a scan over them. */
#include <stdlib.h>
#include <string.h>

#include "kernels/fields.h"
#include "model/gguf.h"

static bool f16_is_wild(const uint8_t *p) {
    uint16_t h;
    memcpy(&h, p, sizeof h);
    return (h & 0x7c00U) == 0x7c00U;
}

enum { CHUNK = 4096 }; /* elements looked at before the first decision, so that the loops vectorize */

/* 16-bit elements whose exponent bits are all ones. */
static bool any_wild16(const uint8_t *x, uint64_t count, uint16_t exponent) {
    uint16_t wild = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint16_t h;
        memcpy(&h, x + i * sizeof h, sizeof h);
        wild |= (uint16_t)((h & exponent) == exponent);
    }
    return wild != 0;
}

static bool any_wild32(const uint8_t *x, uint64_t count) {
    uint32_t wild = 0;
    for (uint64_t i = 0; i < count; i++) {
        uint32_t u;
        memcpy(&u, x + i * sizeof u, sizeof u);
        wild |= (uint32_t)((u & 0x7f800000U) == 0x7f800000U);
    }
    return wild != 0;
}

/* exponent: of 16-bit elements, or 0: the elements are f32. Halves a wild chunk down to its first wild element. */
static uint64_t find_wild_element(const uint8_t *x, uint64_t count, uint16_t exponent) {
    const size_t size = exponent ? 2 : 4;
    uint64_t at = 0;
    uint64_t length = CHUNK;
    while (at < count) {
        if (length > count - at) length = count - at;
        const uint8_t *p = x + at * size;
        if (!(exponent ? any_wild16(p, length, exponent) : any_wild32(p, length)))
            at += length;
        else if (length == 1)
            return at;
        else
            length = (length + 1) / 2;
    }
    return count;
}

static uint64_t min_u64(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* Small floats of one byte: from `wild` on, without the sign, they are infinite or NaN. */
static bool any_wild8(const uint8_t *x, size_t count, unsigned wild) {
    unsigned found = 0;
    for (size_t i = 0; i < count; i++) found |= (x[i] & 0x7fU) >= wild;
    return found;
}

/* The first of `count` blocks in which this field is wild. Every byte is a number in the packings not named here. For
 * E8M0 with its 255 the decoder of mxfp4 has a number, but who wrote it meant the NaN of the standard. */
static uint64_t find_in_field(const gb_field *f, const uint8_t *blocks, uint64_t count, size_t stride) {
    const uint8_t *p = blocks + f->offset;
    uint64_t i = 0;
    switch (f->packing) {
    case GB_PACK_F16:
        while (i < count && !f16_is_wild(p + i * stride)) i++;
        return i;
    case GB_PACK_F32:
        while (i < count && !any_wild32(p + i * stride, 1)) i++;
        return i;
    case GB_PACK_E8M0:
    case GB_PACK_E8M0_HALF:
        while (i < count && p[i * stride] != 255) i++;
        return i;
    case GB_PACK_E4M3:
        while (i < count && !any_wild8(p + i * stride, f->size, 0x7f)) i++;
        return i;
    case GB_PACK_E5M2:
        while (i < count && !any_wild8(p + i * stride, f->size, 0x7c)) i++;
        return i;
    default:
        return count;
    }
}

static uint64_t find_in_iq1_m(const uint8_t *blocks, uint64_t count) {
    const gb_block_iq1_m *b = (const gb_block_iq1_m *)blocks;
    uint64_t i = 0;
    while (i < count && (gb_iq1_m_d(&b[i]) & 0x7c00U) != 0x7c00U) i++;
    return i;
}

/* Blocks that lie back to back. A few at a time, so that a block is in the cache when its second field is looked at. */
static uint64_t find_in_blocks(gb_format format, const uint8_t *blocks, uint64_t count) {
    enum { FEW = 64 };
    const size_t stride = gb_formats[format].block_bytes;
    if (format == GB_FORMAT_f32) return find_wild_element(blocks, count, 0);
    if (format == GB_FORMAT_f16) return find_wild_element(blocks, count, 0x7c00U);
    if (format == GB_FORMAT_bf16) return find_wild_element(blocks, count, 0x7f80U);
    if (format == GB_FORMAT_iq1_m) return find_in_iq1_m(blocks, count); /* its scale is spread over other fields */
    for (uint64_t at = 0; at < count; at += FEW) {
        const uint64_t few = min_u64(FEW, count - at);
        uint64_t found = few;
        for (const gb_field *f = gb_block_fields(format); f->name; f++)
            found = find_in_field(f, blocks + at * stride, found, stride);
        if (found < few) return at + found;
    }
    return count;
}

/* Headers hold f32 scales and nothing else. */
uint64_t gb_rows_find_wild(gb_format format, const void *rows, uint64_t n, uint64_t first, uint64_t count) {
    const gb_format_info *info = &gb_formats[format];
    const gb_head *head = &gb_heads[format];
    const uint8_t *base = rows;
    if (!head->bytes) return first + find_in_blocks(format, base + first * info->block_bytes, count);
    const uint64_t per_row = n / info->block_elems;
    const uint64_t per_head = head->span ? head->span / info->block_elems : per_row;
    const uint64_t end = first + count;
    for (uint64_t i = first; i < end;) {
        const uint8_t *row = base + i / per_row * gb_row_bytes(format, n);
        const uint64_t at = i % per_row;
        const uint64_t part = min_u64(min_u64(per_row - at, per_head - at % per_head), end - i);
        if (at % per_head == 0 && any_wild32(row + at / per_head * head->bytes, head->bytes / sizeof(float))) return i;
        const uint64_t found = find_in_blocks(format, row + gb_head_bytes(format, n) + at * info->block_bytes, part);
        i += found;
        if (found < part) return i;
    }
    return end;
}

int gb_tensor_check_scales(const gb_gguf *file, const gb_tensor *t, uint64_t first, uint64_t count, gb_error *err) {
    const gb_format_info *info = &gb_formats[t->format];
    const uint64_t block = gb_rows_find_wild(t->format, t->data, t->ne[0], first, count);
    if (block == first + count) return GB_OK;
    const uint64_t at = t->offset + gb_tensor_block_offset(t, block);
    char name[GB_SHOWN];
    return gb_fail(err, GB_EINPUT, "%s: offset %llu: tensor '%s': %s %llu (%s) is NaN or infinite", file->path,
                   (unsigned long long)at, gb_str_show(t->name, name),
                   info->block_elems == 1 ? "element" : "a scale of block", (unsigned long long)block, info->NAME);
}

int gb_gguf_check_scales(const gb_gguf *file, gb_error *err) {
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < file->tensor_count; i++) {
        const gb_tensor *t = &file->tensors[i];
        rc = gb_tensor_check_scales(file, t, 0, gb_tensor_blocks(t), err);
    }
    return rc;
}

/* The only bytes of a block that can make a result NaN or infinite are its floating-point scales, and elements that are
 * small floats themselves: a scan over them. */
#include <stdlib.h>
#include <string.h>

#include "model/gguf.h"

static bool f16_is_wild(const uint8_t *p) {
    uint16_t h;
    memcpy(&h, p, sizeof h);
    return (h & 0x7c00U) == 0x7c00U;
}

static uint64_t find_one_scale(const uint8_t *blocks, uint64_t count, size_t stride, size_t at) {
    uint64_t i = 0;
    while (i < count && !f16_is_wild(blocks + i * stride + at)) i++;
    return i;
}

/* Two scales in a row. */
static uint64_t find_two_scales(const uint8_t *blocks, uint64_t count, size_t stride, size_t at) {
    uint64_t i = 0;
    while (i < count && !f16_is_wild(blocks + i * stride + at) && !f16_is_wild(blocks + i * stride + at + 2)) i++;
    return i;
}

/* The decoder takes 255 for a number, but who wrote it meant the NaN of the standard. */
static uint64_t find_e8m0_nan(const uint8_t *blocks, uint64_t count, size_t stride) {
    uint64_t i = 0;
    while (i < count && blocks[i * stride] != 255) i++;
    return i;
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

static uint64_t find_f32_scale(const uint8_t *blocks, uint64_t count, size_t stride) {
    uint64_t i = 0;
    while (i < count && !any_wild32(blocks + i * stride, 1)) i++;
    return i;
}

static uint64_t find_e8m0_scale(const uint8_t *blocks, uint64_t count, size_t stride) {
    uint64_t i = 0;
    while (i < count && blocks[i * stride] != 0xff) i++;
    return i;
}

/* Blocks whose last 32 bytes are floats of eight bits; from `wild` on, without the sign, these are infinite or NaN. */
static uint64_t find_wild8(const uint8_t *blocks, uint64_t count, size_t stride, unsigned wild) {
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *x = blocks + i * stride + stride - 32;
        unsigned found = 0;
        for (size_t j = 0; j < 32; j++) found |= (x[j] & 0x7fU) >= wild;
        if (found) return i;
    }
    return count;
}

enum { WILD_E4M3 = 0x7f, WILD_E5M2 = 0x7c };

static uint64_t find_wild_mxfp8(const uint8_t *blocks, uint64_t count, size_t stride, unsigned wild) {
    return find_wild8(blocks, find_e8m0_scale(blocks, count, stride), stride, wild);
}

static uint64_t find_spread_scale(const uint8_t *blocks, uint64_t count) {
    const gb_block_iq1_m *b = (const gb_block_iq1_m *)blocks;
    uint64_t i = 0;
    while (i < count && (gb_iq1_m_d(&b[i]) & 0x7c00U) != 0x7c00U) i++;
    return i;
}

/* Blocks that lie back to back. */
static uint64_t find_in_blocks(gb_format format, const uint8_t *blocks, uint64_t count) {
    const size_t stride = gb_formats[format].block_bytes;
    switch (format) {
    case GB_FORMAT_nf4:
    case GB_FORMAT_fp4:
    case GB_FORMAT_onnx_q4:
        return find_f32_scale(blocks, count, stride);
    case GB_FORMAT_gptq4:
    case GB_FORMAT_gptq8:
    case GB_FORMAT_awq4:
    case GB_FORMAT_mlc_q4f16_1:
        return find_one_scale(blocks, count, stride, 0);
    case GB_FORMAT_mxfp6_e2m3:
    case GB_FORMAT_mxfp6_e3m2:
        return find_e8m0_scale(blocks, count, stride);
    case GB_FORMAT_mxfp8_e4m3:
        return find_wild_mxfp8(blocks, count, stride, WILD_E4M3);
    case GB_FORMAT_mxfp8_e5m2:
        return find_wild_mxfp8(blocks, count, stride, WILD_E5M2);
    case GB_FORMAT_fp8_e4m3:
        return find_wild8(blocks, count, stride, WILD_E4M3);
    case GB_FORMAT_fp8_e5m2:
        return find_wild8(blocks, count, stride, WILD_E5M2);
    case GB_FORMAT_i32:
    case GB_FORMAT_nf4_dq: /* floats in the headers only */
    case GB_FORMAT_fp4_dq:
    case GB_FORMAT_int8_row:
        break;
    case GB_FORMAT_f32:
        return find_wild_element(blocks, count, 0);
    case GB_FORMAT_f16:
        return find_wild_element(blocks, count, 0x7c00U);
    case GB_FORMAT_bf16:
        return find_wild_element(blocks, count, 0x7f80U);
    case GB_FORMAT_q8_0:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_q8_0, d));
    case GB_FORMAT_q4_0:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_q4_0, d));
    case GB_FORMAT_q5_0:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_q5_0, d));
    case GB_FORMAT_q1_0:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_q1_0, d));
    case GB_FORMAT_q2_0:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_q2_0, d));
    case GB_FORMAT_tq1_0:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_tq1_0, d));
    case GB_FORMAT_tq2_0:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_tq2_0, d));
    case GB_FORMAT_mxfp4:
        return find_e8m0_nan(blocks, count, stride);
    case GB_FORMAT_q3_K:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_q3_K, d));
    case GB_FORMAT_q6_K:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_q6_K, d));
    case GB_FORMAT_iq1_s:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_iq1_s, d));
    case GB_FORMAT_iq1_m:
        return find_spread_scale(blocks, count);
    case GB_FORMAT_iq2_xxs:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_iq2_xxs, d));
    case GB_FORMAT_iq2_xs:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_iq2_xs, d));
    case GB_FORMAT_iq2_s:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_iq2_s, d));
    case GB_FORMAT_iq3_xxs:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_iq3_xxs, d));
    case GB_FORMAT_iq3_s:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_iq3_s, d));
    case GB_FORMAT_iq4_nl:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_iq4_nl, d));
    case GB_FORMAT_iq4_xs:
        return find_one_scale(blocks, count, stride, offsetof(gb_block_iq4_xs, d));
    case GB_FORMAT_q4_1:
        return find_two_scales(blocks, count, stride, offsetof(gb_block_q4_1, d));
    case GB_FORMAT_q5_1:
        return find_two_scales(blocks, count, stride, offsetof(gb_block_q5_1, d));
    case GB_FORMAT_q2_K:
        return find_two_scales(blocks, count, stride, offsetof(gb_block_q2_K, d));
    case GB_FORMAT_q4_K:
        return find_two_scales(blocks, count, stride, offsetof(gb_block_q4_K, d));
    case GB_FORMAT_q5_K:
        return find_two_scales(blocks, count, stride, offsetof(gb_block_q5_K, d));
    case GB_FORMAT_nvfp4: /* every scale byte is a number */
    case GB_FORMAT_q8_1:  /* not weight formats: the reader refuses them */
    case GB_FORMAT_q8_K:
    case GB_FORMAT_COUNT:
        break;
    }
    return count;
}

static uint64_t min_u64(uint64_t a, uint64_t b) {
    return a < b ? a : b;
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

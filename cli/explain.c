#include "cli/explain.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/alloc.h"
#include "kernels/fields.h"
#include "kernels/registry.h"

static int is_hex(gb_packing p) {
    return p == GB_PACK_HEX || p == GB_PACK_HEX16 || p == GB_PACK_HEX32;
}

/* Numbers per line, digits that keep columns straight, and hex digits of a word. */
static void print_numbers(const gb_field *f, const uint8_t *block) {
    const size_t count = gb_field_count(f);
    const int narrow = f->packing == GB_PACK_BITS || f->packing == GB_PACK_BITS_32 || f->packing == GB_PACK_CRUMBS ||
                       f->packing == GB_PACK_CRUMBS_32;
    const size_t line = f->packing == GB_PACK_HEX32 ? 8 : f->packing == GB_PACK_SC6 ? 8 : narrow ? 32 : 16;
    const int digits = (int)(2 * f->size / count);
    for (size_t i = 0; i < count; i++) {
        if (i % line == 0) printf("%s%12s", i ? "\n" : "", "");
        const double v = gb_field_number(f, block, i);
        if (is_hex(f->packing))
            printf(" %0*lx", digits, (unsigned long)v);
        else
            printf(narrow ? " %.0f" : " %4.9g", v);
    }
    printf("\n");
}

static const char *packing_name(gb_packing p) {
    switch (p) {
    case GB_PACK_F16:
        return "half";
    case GB_PACK_BF16:
        return "bfloat16";
    case GB_PACK_F32:
        return "float";
    case GB_PACK_E8M0:
        return "2^(e - 127)";
    case GB_PACK_E8M0_HALF:
        return "2^(e - 128)";
    case GB_PACK_UE4M3:
        return "UE4M3, halved";
    case GB_PACK_E4M3:
        return "E4M3";
    case GB_PACK_E5M2:
        return "E5M2";
    case GB_PACK_SC6:
        return "eight scales, eight mins";
    case GB_PACK_SC4:
        return "sixteen scales, sixteen mins";
    case GB_PACK_SC3K:
        return "sixteen scales, 32 taken off";
    case GB_PACK_HEX:
    case GB_PACK_HEX16:
    case GB_PACK_HEX32:
        return "hexadecimal";
    default:
        return "in the order of the elements";
    }
}

static void print_fields(const gb_field *f, const uint8_t *bytes, size_t at) {
    for (; f->name; f++) {
        printf("  byte %-5zu %s: %u byte%s, %s\n", at + f->offset, f->name, f->size, f->size > 1 ? "s" : "",
               packing_name(f->packing));
        if (!is_hex(f->packing)) {
            printf("%12s", "");
            for (size_t i = 0; i < f->size && i < 16; i++) printf(" %02x", bytes[f->offset + i]);
            printf(f->size > 16 ? " ...\n" : "\n");
        }
        print_numbers(f, bytes);
    }
}

static void print_elements(const float *x, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (i % 8 == 0) printf("%s  x[%3zu..]", i ? "\n" : "", i);
        printf(" %.9g", (double)x[i]);
    }
    printf("\n");
}

int gb_explain_row(gb_format format, const uint8_t *row, size_t n, gb_error *err) {
    const gb_format_info *info = &gb_formats[format];
    float *x = gb_new(n, sizeof *x, "codec: elements", err);
    if (!x) return GB_ESYSTEM;
    const size_t heads = gb_head_bytes(format, n);
    gb_reference(format, GB_OP_dequantize).dequantize(row, x, n);
    for (size_t at = 0; at < heads; at += gb_heads[format].bytes) {
        printf("%s header %zu of the row: %zu bytes\n", info->name, at / gb_heads[format].bytes,
               gb_heads[format].bytes);
        print_fields(gb_head_fields(format), row + at, at);
    }
    for (size_t k = 0; k < n / info->block_elems; k++) {
        const size_t at = heads + k * info->block_bytes;
        printf("%s block %zu: %zu bytes, %zu element%s\n", info->name, k, info->block_bytes, info->block_elems,
               info->block_elems > 1 ? "s" : "");
        print_fields(gb_block_fields(format), row + at, at);
        print_elements(x + k * info->block_elems, info->block_elems);
    }
    free(x);
    return GB_OK;
}

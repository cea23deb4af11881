/* dequantize: blocks -> floats. */
#include "reference/number.h"
#include "verify/case.h"
#include "verify/fill.h"

static void call(gb_fn fn, void *const p[], const void *shape) {
    fn.dequantize(p[0], p[1], *(const size_t *)shape);
}

static void run(gb_check *c, size_t n, size_t recipe, gb_place place, size_t shift) {
    const gb_format format = c->kernel->format;
    gb_fill_blocks(&c->rng, format, recipe, gb_case_buffer(c, "blocks", GB_IN, gb_row_bytes(format, n)), n);
    gb_case_place(c, place, shift);
    gb_case_floats(c, "x", GB_OUT, n);
    gb_case_place(c, place, 0);
    gb_case_run(c, call, &n);
}

/* Every code of a 16-bit float. */
static void check_codes(gb_check *c) {
    const size_t n = 65536;
    if (!gb_case(c, "codes=all")) return;
    uint16_t *blocks = gb_case_buffer(c, "blocks", GB_IN, n * sizeof *blocks);
    for (size_t i = 0; i < n; i++) blocks[i] = (uint16_t)i;
    gb_case_floats(c, "x", GB_OUT, n);
    gb_case_run(c, call, &n);
}

/* Every 16-bit value in every f16 scale. */
static void check_scales(gb_check *c) {
    const gb_format_info *info = &gb_formats[c->kernel->format];
    enum { STEP = 512 };
    const size_t n = STEP * info->block_elems;
    for (size_t first = 0; first < 65536; first += STEP) {
        if (!gb_case(c, "scales=%zu+%d", first, (int)STEP)) continue;
        const size_t size = gb_row_bytes(c->kernel->format, n);
        uint8_t *p = gb_case_buffer(c, "blocks", GB_IN, size);
        gb_rng_bytes(&c->rng, p, size);
        p += gb_head_bytes(c->kernel->format, n);
        for (size_t i = 0; i < STEP; i++, p += info->block_bytes)
            gb_set_scales16(c->kernel->format, p, (uint16_t)(first + i));
        gb_case_floats(c, "x", GB_OUT, n);
        gb_case_run(c, call, &n);
    }
}

void gb_check_dequantize(gb_check *c) {
    const gb_format format = c->kernel->format;
    const size_t block = gb_formats[format].block_elems;
    size_t length[GB_CASE_LENGTHS];
    const size_t lengths = gb_case_lengths(c, format, length);
    char name[48];
    for (size_t i = 0; i < lengths; i++)
        if (gb_case(c, "n=%zu", length[i])) run(c, length[i], 0, GB_AT_END, 0);
    for (size_t shift = 0; shift < 8; shift++) {
        if (gb_case(c, "n=%zu,end+%zu", 5 * block, shift)) run(c, 5 * block, 0, GB_AT_END, shift);
        if (gb_case(c, "n=%zu,start+%zu", 5 * block, shift)) run(c, 5 * block, 0, GB_AT_START, shift);
    }
    for (size_t recipe = 0; recipe < gb_row_recipe_count(format); recipe++) {
        const size_t odd = block == 1 ? 37 : 3 * block;
        gb_row_recipe_name(format, recipe, name, sizeof name);
        if (gb_case(c, "n=%zu,blocks=%s", block, name)) run(c, block, recipe, GB_AT_END, 0);
        if (gb_case(c, "n=%zu,blocks=%s", odd, name)) run(c, odd, recipe, GB_AT_END, 0);
    }
    if (block == 1 && gb_formats[format].block_bytes == 2) check_codes(c);
    if (block > 1 && c->effort == GB_EFFORT_EXHAUSTIVE) check_scales(c);
}

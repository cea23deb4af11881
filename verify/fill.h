/* What goes into the inputs of blocks: recipes for rows of them. Internal to verify/. */
#ifndef GB_VERIFY_FILL_H
#define GB_VERIFY_FILL_H

#include <stdbool.h>
#include <stddef.h>

#include "kernels/formats.h"
#include "verify/patterns.h"

/* Recipes of a row of blocks, 0 .. count - 1. Of every format: 0 is the plain one (finite, alive); the others are
 * extreme codes times special scales, whatever no encoder emits included, then what the reference encoder makes of each
 * pattern. q8_K and q8_1 always get sums that match their codes. */
size_t gb_row_recipe_count(gb_format format);
/* "min/nan": codes / scales; "enc/ties8": encoded pattern. */
const char *gb_row_recipe_name(gb_format format, size_t recipe, char *buf, size_t size);
/* Of a format with codes: the lowest ones with plain positive scales, whose sums of products are the largest. */
size_t gb_row_recipe_lowest(void);
void gb_fill_blocks(gb_rng *rng, gb_format format, size_t recipe, void *blocks, size_t n);
/* Formats whose elements are a scaled code plus or minus an offset: writes the block (block_bytes each) with only the
 * scaled part and with only the offset part, and returns true. Other formats: false, nothing written. */
bool gb_split_offset(gb_format format, const uint8_t *block, uint8_t *scaled, uint8_t *offset);
/* Writes all f16 scales of a block: the first becomes `value`, each further one goes through all values as that does.
 */
void gb_set_scales16(gb_format format, uint8_t *block, uint16_t value);
/* Every block by a recipe of its own. */
void gb_fill_blocks_mixed(gb_rng *rng, gb_format format, void *blocks, size_t n);

#endif

/* Formats of other projects (kernels/foreign.h) as types of model files: their recipes, and random blocks of them. */
#ifndef GB_MODEL_FOREIGN_H
#define GB_MODEL_FOREIGN_H

#include "model/recipe.h"

/* Whether its type number is one of gaugeblock's own. */
bool gb_is_foreign(gb_format format);

/* The recipe whose base is the foreign format of this name, in any case; NULL if there is none. general.file_type is
 * the type number. Matrices get the format, except token_embd and output, which those projects leave in 16 bits: F16.
 */
const gb_recipe *gb_foreign_recipe(const char *name);
/* Name of such a general.file_type, or NULL. */
const char *gb_foreign_file_type_name(uint64_t file_type);

/* After random bytes: headers of the row (n elements) and scales of a block that give weights of about `rms`. */
void gb_foreign_set_heads(gb_format format, uint8_t *row, size_t n, float rms);
void gb_foreign_set_block(gb_format format, uint8_t *block, float rms);

#endif

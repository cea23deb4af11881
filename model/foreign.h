/* Random blocks of the formats of other projects (kernels/foreign.h). */
#ifndef GB_MODEL_FOREIGN_H
#define GB_MODEL_FOREIGN_H

#include <stdbool.h>

#include "kernels/formats.h"

/* Whether its type number is one of gaugeblock's own. */
bool gb_is_foreign(gb_format format);

/* After random bytes: headers of the row (n elements) and scales of a block that give weights of about `rms`. */
void gb_foreign_set_heads(gb_format format, uint8_t *row, size_t n, float rms);
void gb_foreign_set_block(gb_format format, uint8_t *block, float rms);

#endif

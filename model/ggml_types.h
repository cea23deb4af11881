/* Names of all type numbers of GGUF tensors, those this program has no kernels for included, so that an unusable file
 * is refused by name. Source: the type list of the GGUF format (docs/formats/). */
#ifndef GB_MODEL_GGML_TYPES_H
#define GB_MODEL_GGML_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "kernels/formats.h"

/* Says in buf why tensors of this type cannot be used ("type 4 (Q4_2) was removed from GGUF in 2023"), or returns NULL
 * if the type is a weight format of the table, or data that comes with weights. */
const char *gb_ggml_type_refusal(uint32_t type, char *buf, size_t size);

#endif

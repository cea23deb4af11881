/* One hash over a stream of logits: equal on every machine, instruction set, thread count and batch size. */
#ifndef GB_MODEL_LOGITS_HASH_H
#define GB_MODEL_LOGITS_HASH_H

#include <stddef.h>

#include "harness/error.h"

typedef struct gb_logits_hash gb_logits_hash;

int gb_logits_hash_new(gb_logits_hash **out, gb_error *err);
void gb_logits_hash_free(gb_logits_hash *h);
/* Appends count floats as little-endian bits; any NaN counts as 7fc00000, the one thing machines may differ in. */
void gb_logits_hash_add(gb_logits_hash *h, const float *logits, size_t count);
/* XXH3-128 of everything so far, as 32 hexadecimal digits. */
void gb_logits_hash_text(const gb_logits_hash *h, char text[33]);

#endif

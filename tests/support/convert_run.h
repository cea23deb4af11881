/* Conversions for tests. Every function but try_convert fails the running test instead of returning an error. */
#ifndef GB_TESTS_CONVERT_RUN_H
#define GB_TESTS_CONVERT_RUN_H

#include "convert/convert.h"
#include "tests/support/float_model.h"

int try_convert(const gb_convert_options *o, const char *out, gb_notes *notes, gb_error *err);
gb_notes convert_good(const gb_convert_options *o, const char *out);
/* The conversion is refused with GB_EINPUT and this word, and leaves no file. */
void refuse_convert(const gb_convert_options *o, const char *out, const char *word);
/* The source is refused with GB_EINPUT and this word. */
void refuse_source(const char *path, const char *word);

gb_gguf *open_gguf(const char *path);
uint64_t u64_of(const gb_gguf *f, const char *key);
bool has_note(const gb_notes *notes, const char *word);

/* The file's logits after a few tokens are those of the model, but for the rounding of activations. */
void expect_logits(float_model *m, const char *path);

#endif

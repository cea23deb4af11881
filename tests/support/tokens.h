/* What the tokenizer tests share. Every function fails the running test instead of returning an error. */
#ifndef GB_TESTS_TOKENS_H
#define GB_TESTS_TOKENS_H

#include "model/tokenizer.h"

typedef struct test_loaded {
    gb_gguf *file;
    gb_tokenizer *t;
} test_loaded;

test_loaded test_load(gb_gguf *file); /* takes the file over */
test_loaded test_load_path(const char *path);
void test_unload(test_loaded l);

/* malloc'ed ids of a text, freed by the caller. */
int32_t *test_ids(const gb_tokenizer *t, const char *text, size_t size, bool special, bool parse, size_t *count);
void test_expect_ids(const gb_tokenizer *t, const char *text, size_t size, bool special, bool parse,
                     const int32_t *wanted, size_t wanted_count);
/* The text of all ids together, malloc'ed. */
char *test_decode(const gb_tokenizer *t, const int32_t *ids, size_t count, size_t *size);
/* Encodes and decodes; the result must be the text after `skip` bytes (of a prefix). */
void test_expect_round_trip(const gb_tokenizer *t, const char *text, size_t size, size_t skip);

#endif

/* Small vocabularies written to a GGUF file and opened again, for tests. */
#ifndef GB_TESTS_VOCAB_FILE_H
#define GB_TESTS_VOCAB_FILE_H

#include "model/gguf.h"

typedef struct test_token {
    const char *piece;
    int32_t type;
    float score;
} test_token;

/* Absent: NULL, 0 or -1. Counts differ from `count` only where a test wants a broken file. */
typedef struct test_vocab {
    const char *model, *pre;
    const test_token *tokens;
    size_t count, types, scores;
    const char *const *merges;
    size_t merge_count;
    int64_t bos, eos, unk;
    int add_bos, add_eos, space_prefix; /* -1: no key */
} test_vocab;

/* Fails the running test if the file cannot be written or read. Close with gb_gguf_close. */
gb_gguf *test_vocab_open(const test_vocab *v);

#endif

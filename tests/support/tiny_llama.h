/* A llama model of one layer and a few hundred weights in a GGUF file, whole or with one thing wrong. */
#ifndef GB_TESTS_TINY_LLAMA_H
#define GB_TESTS_TINY_LLAMA_H

#include <stdbool.h>
#include <stdint.h>

typedef struct tiny_llama {
    const char *omit;    /* tensor or key that is left out */
    const char *extra;   /* tensor of 4 floats that is added */
    const char *reshape; /* tensor whose rows get one more element */
    const char *architecture, *scaling_type;
    uint32_t n_embd, n_head, n_head_kv, n_rot, layers, context; /* as the keys say */
    uint32_t experts;
    float eps, rope_base, scaling_factor;
    bool output;       /* has output.weight */
    bool rope_factors; /* has rope_freqs.weight: 1, 2, 3, ... */
    bool nan;          /* one NaN in blk.0.ffn_down.weight */
} tiny_llama;

enum { TINY_EMBD = 32, TINY_HEADS = 4, TINY_KV_HEADS = 2, TINY_FF = 48, TINY_VOCAB = 11, TINY_CONTEXT = 64 };

/* Everything as a good model has it; a test changes what it is about. */
tiny_llama tiny_llama_good(void);

/* Writes the file and returns its path, which stays valid until the next call. Fails the running test on an error. */
const char *tiny_llama_write(const tiny_llama *t);

#endif

/* Shapes of models: which matrices they multiply with. Text files, one fact a line ("embd 4096"), '#' begins a comment;
 * those of bench/shapes/ are part of the program. */
#ifndef GB_BENCH_MODELS_H
#define GB_BENCH_MODELS_H

#include "bench/bench.h"

/* X(fact, meaning) */
#define GB_MODEL_FACTS(X)                                                                                              \
    X(layers, "transformer blocks")                                                                                    \
    X(embd, "elements of a hidden state")                                                                              \
    X(heads, "query heads")                                                                                            \
    X(kv_heads, "key and value heads")                                                                                 \
    X(head_dim, "elements of a head")                                                                                  \
    X(ffn, "rows of the feed-forward network")                                                                         \
    X(vocab, "rows of the output matrix")

typedef struct gb_model_facts {
    char name[64];
#define GB_MODEL_FACT_MEMBER(fact, meaning) size_t fact;
    GB_MODEL_FACTS(GB_MODEL_FACT_MEMBER)
#undef GB_MODEL_FACT_MEMBER
} gb_model_facts;

/* Names of the built-in models; NULL behind the last one. */
const char *gb_model_name(size_t index);

/* Facts from text; `origin` names it in messages and, without directory and ending, the model. Every fact exactly once,
 * each from 1 to 2^24. */
int gb_model_facts_parse(const char *text, const char *origin, gb_model_facts *facts, gb_error *err);

/* A built-in model by its name, in any case, or a file. */
int gb_model_facts_find(const char *word, gb_model_facts *facts, gb_error *err);

enum { GB_MODEL_MATRICES = 8 };

/* The model's matrices as places for bench: "llama-3.2-1b:attn_q+attn_output", 2048 elements, 2048 rows. Those of one
 * shape are one place. matrix: only the shape of this tensor ("ffn_down"), or NULL. Returns how many; 0: no such one.
 */
size_t gb_model_places(const gb_model_facts *facts, const char *matrix, gb_bench_place out[GB_MODEL_MATRICES]);

/* "NAME", "NAME:TENSOR", "FILE" or "FILE:TENSOR". */
int gb_model_places_of(const char *word, gb_bench_place out[GB_MODEL_MATRICES], size_t *count, gb_error *err);

#endif

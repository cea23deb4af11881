/* Random-weight models of a given shape: speed and memory can be measured without downloading a model. */
#ifndef GB_MODEL_SYNTH_H
#define GB_MODEL_SYNTH_H

#include "model/recipe.h"
#include "model/rows.h"
#include "model/shape.h"

typedef struct gb_synth_options {
    gb_shape shape;
    const gb_recipe *recipe;
    bool pure;
    bool random_blocks; /* codes at random and plausible scales, instead of quantizing random weights */
    uint64_t seed;
} gb_synth_options;

typedef struct gb_synth_result {
    uint64_t tensors, parameters, bytes; /* bytes of tensor data */
} gb_synth_result;

/* Writes a Llama-architecture GGUF file: matrices N(0, 0.02), norms 1, a byte-level tokenizer with filler tokens. The
 * bytes depend on shape, recipe, options and seed only, not on the number of threads. Memory: a slab of rows. */
int gb_synth_write(const gb_synth_options *options, const char *path, gb_pool *pool, const gb_cap *cap,
                   const gb_progress *progress, gb_synth_result *result, gb_error *err);

/* Keys of the tokenizer alone: byte-level BPE of `vocab` tokens (>= 260): 256 bytes, one merge, fillers, BOS, EOS. */
int gb_synth_put_tokenizer(gb_gguf_writer *w, uint32_t vocab, gb_error *err);

#endif

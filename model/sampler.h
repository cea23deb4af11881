/* Choice of the next token: greedy, or temperature with top-k and top-p, from a seeded generator. The same logits, seed
 * and parameters give the same tokens on every machine; equal logits are ordered by lower id. */
#ifndef GB_MODEL_SAMPLER_H
#define GB_MODEL_SAMPLER_H

#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"
#include "kernels/kernel.h"

typedef struct gb_sampler_params {
    double temperature; /* 0: greedy, the rest is unused */
    size_t top_k;       /* keep the k largest logits; 0: all */
    double top_p;       /* then the fewest candidates whose probabilities reach p; 1: all */
    uint64_t seed;
    gb_argmax_fn *argmax; /* of the greedy choice; NULL: the reference's */
} gb_sampler_params;

typedef struct gb_sampler gb_sampler;

int gb_sampler_new(const gb_sampler_params *params, size_t n_vocab, gb_sampler **out, gb_error *err);
void gb_sampler_free(gb_sampler *s);
/* Id of the chosen token. A NaN logit is never chosen while another is there; all NaN gives 0. */
int32_t gb_sample(gb_sampler *s, const float *logits);

#endif

/* Inside of gb_llama_load: shared by llama.c (tensors) and llama_keys.c (hyperparameters), no one else. */
#ifndef GB_MODEL_LLAMA_IMPL_H
#define GB_MODEL_LLAMA_IMPL_H

#include "model/llama.h"

/* general.architecture and every hyperparameter but the vocabulary; `fallback` serves n_vocab where the file has no
 * vocab_size. */
int gb_llama_read_shape(gb_llama *m, gb_error *err);
int gb_llama_read_vocab_size(gb_llama *m, size_t fallback, gb_error *err);

/* n_rot and frequency[i] = base^(-2i / n_rot) / linear factor / factors[i]. `factors` has n_rot / 2 numbers, as Llama 3
 * files carry them, or is NULL. gb_llama_read_n_rot comes first: it says how many there must be. */
int gb_llama_read_n_rot(gb_llama *m, gb_error *err);
int gb_llama_read_frequencies(gb_llama *m, const float *factors, gb_error *err);

#endif

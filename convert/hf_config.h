/* config.json of a Hugging Face model directory: the hyperparameters of a Llama, Mistral or Qwen2 model, checked. What
 * would change the arithmetic and is not supported is refused by name. */
#ifndef GB_CONVERT_HF_CONFIG_H
#define GB_CONVERT_HF_CONFIG_H

#include "convert/json.h"
#include "convert/notes.h"

typedef enum gb_rope_type { GB_ROPE_PLAIN, GB_ROPE_LINEAR, GB_ROPE_YARN, GB_ROPE_LLAMA3 } gb_rope_type;

/* What a model is, wherever it came from; sizes are within the engine's limits. */
typedef struct gb_hyper {
    const char *architecture; /* of GGUF: "llama", "qwen2" */
    uint64_t vocab, context, dim, layers, heads, kv_heads, head_dim, ffn;
    bool head_dim_stated; /* the source says it: it goes into the file */
    bool tied;
    bool attention_bias, mlp_bias; /* the source says that biases are part of the model */
    double eps, rope_base;
    gb_rope_type rope;
    double rope_factor, rope_low, rope_high, rope_original;          /* 0: not stated */
    double yarn_extrapolation, yarn_attention, yarn_fast, yarn_slow; /* 0: not stated */
} gb_hyper;

int gb_hf_config_read(const gb_json *config, gb_hyper *out, gb_notes *notes, gb_error *err);

/* Products of the sizes fit 64 bits, heads are a multiple of kv_heads, head_dim is even ... `path` is for messages. */
int gb_hyper_check(const gb_hyper *h, const char *path, gb_error *err);

#endif

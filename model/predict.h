/* How fast a model will be, from what its parts cost: the steps of the forward pass (forward.c) with their sizes, each
 * priced by a measurement of its kernel. Nothing here measures, and nothing is fitted to a measured model. */
#ifndef GB_MODEL_PREDICT_H
#define GB_MODEL_PREDICT_H

#include <stddef.h>

#include "harness/error.h"
#include "kernels/kernel.h"

/* --- what is predicted -------------------------------------------------------------------------------------------- */

/* X(name): the matrices of a layer. */
#define GB_LAYER_MATRICES(X)                                                                                           \
    X(attn_q)                                                                                                          \
    X(attn_k)                                                                                                          \
    X(attn_v)                                                                                                          \
    X(attn_output)                                                                                                     \
    X(ffn_gate)                                                                                                        \
    X(ffn_up)                                                                                                          \
    X(ffn_down)

typedef enum gb_layer_matrix {
#define GB_LAYER_MATRIX_ENUM(name) GB_LAYER_##name,
    GB_LAYER_MATRICES(GB_LAYER_MATRIX_ENUM)
#undef GB_LAYER_MATRIX_ENUM
        GB_LAYER_MATRIX_COUNT
} gb_layer_matrix;

typedef struct gb_model_sizes {
    size_t layers, embd, heads, kv_heads, head_dim, ffn, vocab;
} gb_model_sizes;

typedef struct gb_predict_model {
    gb_model_sizes sizes;
    gb_format embedding, output;
    gb_format (*layer)[GB_LAYER_MATRIX_COUNT]; /* of each layer */
} gb_predict_model;

/* Of a GGUF file: its header is read, its weights are not. */
int gb_predict_model_of_file(const char *path, gb_predict_model *out, gb_error *err);
/* Of sizes and a recipe ("Q4_K_M"), no file at all. */
int gb_predict_model_of_sizes(const gb_model_sizes *sizes, const char *recipe, gb_predict_model *out, gb_error *err);
void gb_predict_model_free(gb_predict_model *model);

/* Bytes of all matrices that every token is multiplied with. */
double gb_predict_streamed_bytes(const gb_predict_model *model);

/* --- what it is made of ------------------------------------------------------------------------------------------- */

/* One kernel's work, as each of `threads` threads does it at the same time on data of its own. */
typedef struct gb_probe {
    gb_op op;
    gb_format format;
    size_t n, rows, cols; /* as in kernels/kernel.h: rows of a product or of the KV cache, heads of rope; else 1 */
    size_t calls;         /* on so many rows of data, one after the other */
    size_t threads;
    double set; /* bytes of matrices that all threads together walk through before one comes back; 0: only this one */
} gb_probe;

/* Where prices come from. Each call gives nanoseconds or 10^9 bytes per second, above 0. */
typedef struct gb_price_list {
    void *ctx;
    /* of one call. */
    int (*kernel)(void *ctx, const gb_probe *probe, double *ns, gb_error *err);
    /* of reading where a set of so many bytes lies, all threads together. */
    int (*bandwidth)(void *ctx, double set, size_t threads, double *gbps, gb_error *err);
    /* of starting the team and waiting for it. */
    int (*barrier)(void *ctx, size_t threads, double *ns, gb_error *err);
    /* ns that a byte of the model takes longer to read than a byte of the kernels' data, all threads together: the
     * pages of a mapped file may be small. 0: not known. */
    double mapping;
} gb_price_list;

/* --- the prediction ----------------------------------------------------------------------------------------------- */

/* X(name, meaning): where the time goes. */
#define GB_PREDICT_PARTS(X)                                                                                            \
    X(layers, "matrices of the layers")                                                                                \
    X(head, "output matrix")                                                                                           \
    X(attention, "scores, softmax and sums over the KV cache")                                                         \
    X(activations, "quantizing activations")                                                                           \
    X(vectors, "norms, rope, SiLU, additions, KV stores, embedding")                                                   \
    X(barriers, "starting the threads and waiting for them")

typedef enum gb_predict_part {
#define GB_PREDICT_PART_ENUM(name, meaning) GB_PREDICT_##name,
    GB_PREDICT_PARTS(GB_PREDICT_PART_ENUM)
#undef GB_PREDICT_PART_ENUM
        GB_PREDICT_PART_COUNT
} gb_predict_part;

extern const char *const gb_predict_part_names[GB_PREDICT_PART_COUNT];

typedef struct gb_predict_params {
    size_t prompt, generate; /* tokens of the pp and the tg test, as in model/e2e.h; 0: not asked for */
    size_t n_batch, threads;
    gb_format kv;
} gb_predict_params;

typedef struct gb_predicted_test {
    double tps; /* tokens per second; 0: not asked for */
    double ns;
    double part[GB_PREDICT_PART_COUNT]; /* ns, adding up to ns */
    double by_memory;                   /* share of ns in which a bandwidth, not a kernel, set the price */
} gb_predicted_test;

typedef struct gb_prediction {
    gb_predicted_test pp, tg;
} gb_prediction;

/* A price that is missing, or is none, is an error that names the kernel and its sizes. */
int gb_predict(const gb_predict_model *model, const gb_predict_params *params, const gb_price_list *prices,
               gb_prediction *out, gb_error *err);

#endif

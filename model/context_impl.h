/* Inside of gb_context: shared by context.c (memory) and forward.c (the pass), no one else. */
#ifndef GB_MODEL_CONTEXT_IMPL_H
#define GB_MODEL_CONTEXT_IMPL_H

#include "model/context.h"

enum { GB_MAX_PRODUCTS = 3 }; /* matrices that share one input: q, k, v */

/* Rows of activations in the partner formats and column orders that a set of matrices wants: each row is converted once
 * for each. */
typedef struct gb_acts {
    gb_format format[GB_MAX_PRODUCTS];
    const int32_t *order[GB_MAX_PRODUCTS]; /* NULL: as it is */
    uint8_t *data[GB_MAX_PRODUCTS];
    size_t stride[GB_MAX_PRODUCTS];
    size_t count, n;
} gb_acts;

struct gb_context {
    const gb_llama *m;
    gb_pool *pool;
    size_t n_ctx, n_batch, ffn_slice, logits_rows, columns; /* columns: most of one gemm call */
    gb_format kv;
    gb_quantize_act_fn *store;
    gb_attn_score_fn *attn_score;
    gb_attn_acc_fn *attn_acc;
    uint8_t *k, *v; /* [layer][kv head][position][head_dim]: one head's positions are one contiguous stream */
    size_t head_bytes, kv_bytes, work_bytes;
    float *x;           /* [n_batch][n_embd]: the residual stream */
    float *work;        /* q, k, v, projection during attention; gate, up, down in the feed-forward part */
    float *rotation;    /* [n_batch][n_rot] cos, sin */
    float *logits;      /* [logits_rows][n_vocab] */
    float *rows;        /* one row of floats per thread */
    float *gathered;    /* another, for columns in another order; unused where no matrix has one */
    float *scores;      /* n_ctx scores per thread */
    uint8_t *scratch;   /* gemm scratch per thread */
    uint8_t *acts_wide; /* activations of up to n_batch tokens, n_embd or all heads wide */
    uint8_t *acts_ffn;  /* activations of up to ffn_slice tokens, n_ff wide */
    size_t row_floats, scratch_bytes;
    size_t used;
    gb_input_sink *input_sink; /* NULL: nobody observes */
    void *input_user;
    float *observed; /* the input rows of one product */
};

/* How a pass is cut up, so that its working memory stays bounded. */
typedef struct gb_slices {
    size_t ffn_slice;   /* tokens of the feed-forward part at once */
    size_t columns;     /* of one gemm call */
    size_t logits_rows; /* tokens whose logits are computed at once */
    size_t scratch_bytes, row_floats;
} gb_slices;

/* width: elements of all query heads; threads, n_batch >= 1. */
gb_slices gb_slices_of(size_t n_embd, size_t n_ff, size_t width, size_t n_vocab, size_t n_batch, size_t threads);

/* Can a cache of this type hold heads of this size? Its rows are heads: whole blocks. `model` is for the message. */
int gb_check_kv(gb_format kv, size_t head_dim, const char *model, gb_error *err);

/* Rows of a matrix are shared among threads in multiples of this. */
enum { GB_ROW_GRAIN = 16 };

/* Lays out the activation rows of `tokens` tokens for these matrices at `data` (NULL: only sizes); returns the bytes.
 */
size_t gb_plan_acts(gb_acts *a, const gb_matrix *const *w, size_t count, size_t tokens, uint8_t *data);

/* Evaluates `count` <= n_batch tokens after those in the cache; logits of [wanted, count) go to the sink, numbered from
 * batch_start. The caller has checked ids and room. */
int gb_forward_batch(gb_context *c, const int32_t *tokens, size_t count, size_t wanted, size_t batch_start,
                     gb_logits_sink *sink, void *user, gb_error *err);

#endif

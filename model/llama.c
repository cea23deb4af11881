#include "model/llama.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "reference/math.h"

/* Limits far above any known model: they keep every later size computation inside 64 bits. */
enum {
    MAX_LAYERS = 1024,
    MAX_WIDTH = 1 << 20,
    MAX_FFN = 1 << 22,
    MAX_VOCAB = 1 << 24,
    MAX_CONTEXT = 1 << 24,
    NAME_SIZE = 64
};

/* --- hyperparameters ---------------------------------------------------------------------------------------------- */

static int get_count(const gb_gguf *f, const char *name, uint64_t max, size_t *out, gb_error *err) {
    uint64_t v = 0;
    const int rc = gb_gguf_get_u64(f, name, &v, err);
    if (rc) return rc;
    if (v < 1 || v > max)
        return gb_fail(err, GB_EINPUT, "%s: %s is %llu, expected 1 to %llu", f->path, name, (unsigned long long)v,
                       (unsigned long long)max);
    *out = (size_t)v;
    return GB_OK;
}

static int get_count_or(const gb_gguf *f, const char *name, uint64_t max, size_t fallback, size_t *out, gb_error *err) {
    if (gb_gguf_find_key(f, name)) return get_count(f, name, max, out, err);
    *out = fallback;
    return GB_OK;
}

/* Keys of Llama relatives that change the arithmetic: each with the value that means "not used". */
static int refuse_variants(const gb_gguf *f, gb_error *err) {
    static const struct {
        const char *name;
        float neutral;
    } keys[] = {{"llama.attention.clamp_kqv", 0.0F},
                {"llama.attention.scale", 0.0F},
                {"llama.logit_scale", 1.0F},
                {"llama.residual_scale", 1.0F},
                {"llama.embedding_scale", 1.0F}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        float v = 0;
        const int rc = gb_gguf_get_f32_or(f, keys[i].name, keys[i].neutral, &v, err);
        if (rc) return rc;
        if (!(v == keys[i].neutral))
            return gb_fail(err, GB_EINPUT, "%s: %s = %g is not supported by this engine", f->path, keys[i].name,
                           (double)v);
    }
    static const char *const counts[] = {"llama.expert_count", "llama.attention.sliding_window"};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        uint64_t v = 0;
        const int rc = gb_gguf_get_u64_or(f, counts[i], 0, &v, err);
        if (rc) return rc;
        if (v)
            return gb_fail(err, GB_EINPUT, "%s: %s = %llu is not supported by this engine", f->path, counts[i],
                           (unsigned long long)v);
    }
    return GB_OK;
}

static int read_shape(gb_llama *m, gb_error *err) {
    const gb_gguf *f = m->file;
    gb_str architecture;
    int rc = gb_gguf_get_str(f, "general.architecture", &architecture, err);
    if (rc) return rc;
    if (!gb_str_equal(architecture, "llama"))
        return gb_fail(err, GB_EINPUT, "%s: general.architecture is '%.*s', this engine runs 'llama'", f->path,
                       (int)(architecture.size > 64 ? 64 : architecture.size), architecture.data);
    size_t value_length = 0;
    const size_t no_default = 0;
    if ((rc = get_count(f, "llama.block_count", MAX_LAYERS, &m->n_layer, err)) ||
        (rc = get_count(f, "llama.context_length", MAX_CONTEXT, &m->n_ctx, err)) ||
        (rc = get_count(f, "llama.embedding_length", MAX_WIDTH, &m->n_embd, err)) ||
        (rc = get_count(f, "llama.feed_forward_length", MAX_FFN, &m->n_ff, err)) ||
        (rc = get_count(f, "llama.attention.head_count", MAX_WIDTH, &m->n_head, err)) ||
        (rc = get_count_or(f, "llama.attention.head_count_kv", m->n_head, m->n_head, &m->n_head_kv, err)) ||
        (rc = get_count_or(f, "llama.attention.key_length", MAX_WIDTH, no_default, &m->head_dim, err)) ||
        (rc = gb_gguf_get_f32(f, "llama.attention.layer_norm_rms_epsilon", &m->eps, err)) ||
        (rc = refuse_variants(f, err)))
        return rc;
    if (m->n_head % m->n_head_kv != 0)
        return gb_fail(err, GB_EINPUT, "%s: llama.attention.head_count %zu is not a multiple of head_count_kv %zu",
                       f->path, m->n_head, m->n_head_kv);
    if (!m->head_dim) {
        if (m->n_embd % m->n_head != 0)
            return gb_fail(err, GB_EINPUT,
                           "%s: llama.embedding_length %zu is not a multiple of llama.attention.head_count %zu",
                           f->path, m->n_embd, m->n_head);
        m->head_dim = m->n_embd / m->n_head;
    }
    if (m->head_dim > MAX_WIDTH / m->n_head)
        return gb_fail(err, GB_EINPUT, "%s: %zu heads of %zu are more than %d wide", f->path, m->n_head, m->head_dim,
                       MAX_WIDTH);
    rc = get_count_or(f, "llama.attention.value_length", MAX_WIDTH, m->head_dim, &value_length, err);
    if (rc) return rc;
    if (value_length != m->head_dim)
        return gb_fail(err, GB_EINPUT, "%s: llama.attention.value_length %zu differs from the key length %zu", f->path,
                       value_length, m->head_dim);
    if (!(m->eps > 0.0F && m->eps < 1.0F))
        return gb_fail(err, GB_EINPUT, "%s: llama.attention.layer_norm_rms_epsilon is %g, expected 0 < epsilon < 1",
                       f->path, (double)m->eps);
    return GB_OK;
}

/* --- tensors ------------------------------------------------------------------------------------------------------ */

typedef struct loader {
    gb_llama *m;
    unsigned char *used; /* per tensor of the file */
    gb_error *err;
} loader;

/* The tensor of that name with n weights a row; rows == 0: a vector. NULL and the error where it is not as expected. */
static const gb_tensor *take(loader *l, const char *name, size_t n, size_t rows) {
    const gb_gguf *f = l->m->file;
    const gb_tensor *t = gb_gguf_find_tensor(f, name);
    if (!t) {
        gb_fail(l->err, GB_EINPUT, "%s: tensor '%s' is missing", f->path, name);
        return NULL;
    }
    const uint32_t dims = rows ? 2 : 1;
    if (t->dims != dims || t->ne[0] != n || t->ne[1] != (rows ? rows : 1)) {
        if (dims == 2)
            gb_fail(l->err, GB_EINPUT, "%s: tensor '%s' has %u dimensions, %llu x %llu; expected 2, %zu x %zu", f->path,
                    name, t->dims, (unsigned long long)t->ne[0], (unsigned long long)t->ne[1], n, rows);
        else
            gb_fail(l->err, GB_EINPUT, "%s: tensor '%s' has %u dimensions, %llu x %llu; expected 1, %zu", f->path, name,
                    t->dims, (unsigned long long)t->ne[0], (unsigned long long)t->ne[1], n);
        return NULL;
    }
    const gb_format_info *info = &gb_formats[t->format];
    if (!info->is_weight || n % info->block_elems != 0 || gb_row_bytes(t->format, n) * (rows ? rows : 1) != t->bytes) {
        gb_fail(l->err, GB_EINPUT, "%s: tensor '%s' of type %s cannot hold rows of %zu weights", f->path, name,
                info->NAME, n);
        return NULL;
    }
    l->used[t - f->tensors] = 1;
    return t;
}

static void set_matrix(gb_llama *m, gb_matrix *w, const gb_tensor *t) {
    const gb_format partner = gb_formats[t->format].partner;
    *w = (gb_matrix){.data = t->data,
                     .rows = (size_t)t->ne[1],
                     .n = (size_t)t->ne[0],
                     .row_bytes = gb_row_bytes(t->format, (size_t)t->ne[0]),
                     .format = t->format,
                     .gemv = gb_resolve(t->format, GB_OP_gemv, &m->cap).gemv,
                     .gemm = gb_resolve(t->format, GB_OP_gemm, &m->cap).gemm};
    m->quantize_act[partner] = gb_resolve(partner, GB_OP_quantize_act, &m->cap).quantize_act;
}

static int matrix(loader *l, const char *name, size_t n, size_t rows, gb_matrix *w) {
    const gb_tensor *t = take(l, name, n, rows);
    if (!t) return l->err->code;
    set_matrix(l->m, w, t);
    return GB_OK;
}

static int norm(loader *l, const char *name, float **out) {
    const size_t n = l->m->n_embd;
    const gb_tensor *t = take(l, name, n, 0);
    if (!t) return l->err->code;
    *out = gb_new(n, sizeof(float), name, l->err);
    if (!*out) return l->err->code;
    gb_resolve(t->format, GB_OP_dequantize, &l->m->cap).dequantize(t->data, *out, n);
    return GB_OK;
}

static const char *layer_name(char buf[NAME_SIZE], size_t layer, const char *part) {
    (void)snprintf(buf, NAME_SIZE, "blk.%zu.%s.weight", layer, part);
    return buf;
}

static int read_layer(loader *l, size_t i) {
    const gb_llama *m = l->m;
    gb_layer *y = &m->layers[i];
    const size_t q_rows = m->n_head * m->head_dim;
    const size_t kv_rows = m->n_head_kv * m->head_dim;
    char b[NAME_SIZE];
    int rc;
    if ((rc = norm(l, layer_name(b, i, "attn_norm"), &y->attn_norm)) ||
        (rc = matrix(l, layer_name(b, i, "attn_q"), m->n_embd, q_rows, &y->q)) ||
        (rc = matrix(l, layer_name(b, i, "attn_k"), m->n_embd, kv_rows, &y->k)) ||
        (rc = matrix(l, layer_name(b, i, "attn_v"), m->n_embd, kv_rows, &y->v)) ||
        (rc = matrix(l, layer_name(b, i, "attn_output"), q_rows, m->n_embd, &y->o)) ||
        (rc = norm(l, layer_name(b, i, "ffn_norm"), &y->ffn_norm)) ||
        (rc = matrix(l, layer_name(b, i, "ffn_gate"), m->n_embd, m->n_ff, &y->gate)) ||
        (rc = matrix(l, layer_name(b, i, "ffn_up"), m->n_embd, m->n_ff, &y->up)) ||
        (rc = matrix(l, layer_name(b, i, "ffn_down"), m->n_ff, m->n_embd, &y->down)))
        return rc;
    return GB_OK;
}

/* --- rotary embedding --------------------------------------------------------------------------------------------- */

/* Factor by which linear scaling divides positions; 1 without scaling. Other scaling types are refused by name. */
static int read_rope_scale(const gb_gguf *f, float *factor, gb_error *err) {
    gb_str type;
    int rc = gb_gguf_get_str_or(f, "llama.rope.scaling.type", "none", &type, err);
    if (rc) return rc;
    *factor = 1.0F;
    if (gb_str_equal(type, "linear"))
        rc = gb_gguf_get_f32(f, "llama.rope.scaling.factor", factor, err);
    else if (gb_str_equal(type, "none"))
        rc = gb_gguf_get_f32_or(f, "llama.rope.scale_linear", 1.0F, factor, err); /* the older spelling */
    else
        return gb_fail(err, GB_EINPUT, "%s: llama.rope.scaling.type '%.*s' is not supported (known: none, linear)",
                       f->path, (int)(type.size > 64 ? 64 : type.size), type.data);
    if (rc) return rc;
    if (!(*factor >= 1e-3F && *factor <= 1e6F))
        return gb_fail(err, GB_EINPUT, "%s: the rope scaling factor is %g, expected 0.001 to 1000000", f->path,
                       (double)*factor);
    return GB_OK;
}

/* frequency[i] = base^(-2i / n_rot) / linear factor / rope_freqs[i], the last as Llama 3 files carry it. */
static int read_rope(loader *l) {
    gb_llama *m = l->m;
    gb_error *err = l->err;
    const gb_gguf *f = m->file;
    float base = 0;
    float linear = 0;
    int rc = get_count_or(f, "llama.rope.dimension_count", MAX_WIDTH, m->head_dim, &m->n_rot, err);
    if (rc || (rc = gb_gguf_get_f32_or(f, "llama.rope.freq_base", 10000.0F, &base, err)) ||
        (rc = read_rope_scale(f, &linear, err)))
        return rc;
    if (m->n_rot > m->head_dim || m->n_rot % 2 != 0)
        return gb_fail(err, GB_EINPUT, "%s: llama.rope.dimension_count is %zu, expected an even number up to %zu",
                       f->path, m->n_rot, m->head_dim);
    if (!(base >= 1.0F && base <= 1e12F))
        return gb_fail(err, GB_EINPUT, "%s: llama.rope.freq_base is %g, expected 1 to 1e12", f->path, (double)base);
    const size_t half = m->n_rot / 2;
    m->frequency = gb_new(half, sizeof(double), "rope frequencies", err);
    float *factor = gb_new(half, sizeof(float), "rope factors", err);
    const gb_tensor *factors = NULL;
    if (gb_gguf_find_tensor(f, "rope_freqs.weight")) {
        factors = take(l, "rope_freqs.weight", half, 0);
        if (!factors) rc = err->code;
    }
    if (!m->frequency || !factor || rc) {
        free(factor);
        return err->code;
    }
    if (factors) gb_resolve(factors->format, GB_OP_dequantize, &m->cap).dequantize(factors->data, factor, half);
    const double step = gb_log((double)base) * 2.0 / (double)m->n_rot;
    for (size_t i = 0; i < half && !rc; i++) {
        const float by = factors ? factor[i] : 1.0F;
        if (!(by >= 1e-3F && by <= 1e6F))
            rc = gb_fail(err, GB_EINPUT, "%s: rope_freqs.weight[%zu] is %g, expected 0.001 to 1000000", f->path, i,
                         (double)by);
        m->frequency[i] = gb_exp(-step * (double)i) / (double)linear / (double)by;
    }
    free(factor);
    return rc;
}

/* --- the whole file --------------------------------------------------------------------------------------------------
 */

static int read_tensors(loader *l) {
    gb_llama *m = l->m;
    const gb_gguf *f = m->file;
    const gb_tensor *embedding = gb_gguf_find_tensor(f, "token_embd.weight");
    if (!embedding) return gb_fail(l->err, GB_EINPUT, "%s: tensor 'token_embd.weight' is missing", f->path);
    if (embedding->dims != 2 || embedding->ne[1] < 1 || embedding->ne[1] > MAX_VOCAB)
        return gb_fail(l->err, GB_EINPUT, "%s: token_embd.weight has %llu rows, expected a vocabulary of 1 to %d",
                       f->path, (unsigned long long)embedding->ne[1], MAX_VOCAB);
    size_t vocab = 0;
    int rc = get_count_or(f, "llama.vocab_size", MAX_VOCAB, (size_t)embedding->ne[1], &vocab, l->err);
    if (rc) return rc;
    m->n_vocab = vocab;
    if ((rc = matrix(l, "token_embd.weight", m->n_embd, m->n_vocab, &m->embedding))) return rc;
    m->embed = gb_resolve(m->embedding.format, GB_OP_dequantize, &m->cap).dequantize;
    if ((rc = norm(l, "output_norm.weight", &m->output_norm))) return rc;
    if (!gb_gguf_find_tensor(f, "output.weight"))
        m->output = m->embedding; /* tied */
    else if ((rc = matrix(l, "output.weight", m->n_embd, m->n_vocab, &m->output)))
        return rc;
    for (size_t i = 0; i < m->n_layer; i++)
        if ((rc = read_layer(l, i))) return rc;

    if ((rc = read_rope(l))) return rc;

    for (size_t i = 0; i < f->tensor_count; i++)
        if (!l->used[i])
            return gb_fail(l->err, GB_EINPUT, "%s: tensor '%.*s' is not part of a llama model of %zu layers", f->path,
                           (int)(f->tensors[i].name.size > 64 ? 64 : f->tensors[i].name.size), f->tensors[i].name.data,
                           m->n_layer);
    return GB_OK;
}

static void resolve_float_kernels(gb_llama *m) {
    m->rmsnorm = gb_resolve(GB_FORMAT_f32, GB_OP_rmsnorm, &m->cap).rmsnorm;
    m->rope = gb_resolve(GB_FORMAT_f32, GB_OP_rope, &m->cap).rope;
    m->softmax = gb_resolve(GB_FORMAT_f32, GB_OP_softmax, &m->cap).softmax;
    m->silu_mul = gb_resolve(GB_FORMAT_f32, GB_OP_silu_mul, &m->cap).silu_mul;
    m->add = gb_resolve(GB_FORMAT_f32, GB_OP_add, &m->cap).add;
}

static int load(gb_llama *m, gb_pool *pool, gb_error *err) {
    int rc = read_shape(m, err);
    if (rc) return rc;
    /* A file of t tensors cannot hold more layers than tensors: no allocation larger than the file suggests. */
    if (m->n_layer > m->file->tensor_count)
        return gb_fail(err, GB_EINPUT, "%s: llama.block_count is %zu, but the file has only %zu tensors", m->file->path,
                       m->n_layer, m->file->tensor_count);
    loader l = {.m = m, .err = err};
    m->layers = gb_new(m->n_layer, sizeof *m->layers, "layers", err);
    l.used = gb_new(m->file->tensor_count, 1, "tensor marks", err);
    if (!m->layers || !l.used) {
        free(l.used);
        return err->code;
    }
    rc = read_tensors(&l);
    free(l.used);
    if (!rc) rc = gb_llama_check_scales(m->file, pool, err);
    resolve_float_kernels(m);
    return rc;
}

int gb_llama_load(const char *path, const gb_cap *cap, gb_pool *pool, gb_llama **out, gb_error *err) {
    gb_error local = {0};
    if (!err) err = &local;
    *out = NULL;
    gb_llama *m = gb_new(1, sizeof *m, "model", err);
    if (!m) return err->code;
    m->cap = *cap;
    int rc = gb_gguf_open(path, &m->file, err);
    if (!rc) rc = load(m, pool, err);
    if (rc) {
        gb_llama_free(m);
        return rc;
    }
    *out = m;
    return GB_OK;
}

void gb_llama_free(gb_llama *m) {
    if (!m) return;
    for (size_t i = 0; m->layers && i < m->n_layer; i++) {
        free(m->layers[i].attn_norm);
        free(m->layers[i].ffn_norm);
    }
    free(m->layers);
    free(m->output_norm);
    free(m->frequency);
    if (m->file) gb_gguf_close(m->file);
    free(m);
}

uint64_t gb_llama_tensor_bytes(const gb_llama *m) {
    uint64_t bytes = 0;
    for (size_t i = 0; i < m->file->tensor_count; i++) bytes += m->file->tensors[i].bytes;
    return bytes;
}

double gb_llama_bits_per_weight(const gb_llama *m) {
    double weights = 0.0;
    for (size_t i = 0; i < m->file->tensor_count; i++) {
        const gb_tensor *t = &m->file->tensors[i];
        weights += (double)t->ne[0] * (double)t->ne[1] * (double)t->ne[2] * (double)t->ne[3];
    }
    return (double)gb_llama_tensor_bytes(m) * 8.0 / weights;
}

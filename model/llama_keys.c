/* Hyperparameters: the <architecture>.* keys of a GGUF file, checked against each other. */
#include <stdio.h>

#include "harness/alloc.h"
#include "model/llama_impl.h"
#include "reference/math.h"

enum { KEY_SIZE = 96 };

/* Architectures whose pass is this engine's. */
static const struct architecture {
    const char *name;
    bool neox, qkv_bias;
} architectures[] = {{"llama", false, false}, {"qwen2", true, true}};
enum { ARCHITECTURES = sizeof architectures / sizeof architectures[0] };

static const char *full_name(const gb_llama *m, const char *suffix, char name[KEY_SIZE]) {
    (void)snprintf(name, KEY_SIZE, "%s.%s", m->architecture, suffix);
    return name;
}

static int get_count(const gb_llama *m, const char *suffix, uint64_t max, size_t *out, gb_error *err) {
    char name[KEY_SIZE];
    uint64_t v = 0;
    const int rc = gb_gguf_get_u64(m->file, full_name(m, suffix, name), &v, err);
    if (rc) return rc;
    if (v < 1 || v > max)
        return gb_fail(err, GB_EINPUT, "%s: %s is %llu, expected 1 to %llu", m->file->path, name, (unsigned long long)v,
                       (unsigned long long)max);
    *out = (size_t)v;
    return GB_OK;
}

static int get_count_or(const gb_llama *m, const char *suffix, uint64_t max, size_t fallback, size_t *out,
                        gb_error *err) {
    char name[KEY_SIZE];
    if (gb_gguf_find_key(m->file, full_name(m, suffix, name))) return get_count(m, suffix, max, out, err);
    *out = fallback;
    return GB_OK;
}

static int get_f32_or(const gb_llama *m, const char *suffix, float fallback, float *out, gb_error *err) {
    char name[KEY_SIZE];
    return gb_gguf_get_f32_or(m->file, full_name(m, suffix, name), fallback, out, err);
}

/* Keys of Llama relatives that change the arithmetic: each with the value that means "not used". */
static int refuse_variants(const gb_llama *m, gb_error *err) {
    static const struct {
        const char *suffix;
        float neutral;
    } keys[] = {{"attention.clamp_kqv", 0.0F},
                {"attention.scale", 0.0F},
                {"logit_scale", 1.0F},
                {"residual_scale", 1.0F},
                {"embedding_scale", 1.0F}};
    char name[KEY_SIZE];
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        float v = 0;
        const int rc = get_f32_or(m, keys[i].suffix, keys[i].neutral, &v, err);
        if (rc) return rc;
        if (!(v == keys[i].neutral))
            return gb_fail(err, GB_EINPUT, "%s: %s = %g is not supported by this engine", m->file->path,
                           full_name(m, keys[i].suffix, name), (double)v);
    }
    static const char *const counts[] = {"expert_count", "attention.sliding_window"};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        uint64_t v = 0;
        const int rc = gb_gguf_get_u64_or(m->file, full_name(m, counts[i], name), 0, &v, err);
        if (rc) return rc;
        if (v)
            return gb_fail(err, GB_EINPUT, "%s: %s = %llu is not supported by this engine", m->file->path, name,
                           (unsigned long long)v);
    }
    return GB_OK;
}

static int read_architecture(gb_llama *m, gb_error *err) {
    gb_str name;
    char shown[GB_SHOWN];
    const int rc = gb_gguf_get_str(m->file, "general.architecture", &name, err);
    if (rc) return rc;
    for (size_t i = 0; i < ARCHITECTURES; i++) {
        if (!gb_str_equal(name, architectures[i].name)) continue;
        m->architecture = architectures[i].name;
        m->neox = architectures[i].neox;
        m->qkv_bias = architectures[i].qkv_bias;
        return GB_OK;
    }
    return gb_fail(err, GB_EINPUT, "%s: general.architecture is '%s', this engine runs 'llama' and 'qwen2'",
                   m->file->path, gb_str_show(name, shown));
}

static int check_heads(gb_llama *m, gb_error *err) {
    const char *path = m->file->path;
    if (m->n_head % m->n_head_kv != 0)
        return gb_fail(err, GB_EINPUT, "%s: %s.attention.head_count %zu is not a multiple of head_count_kv %zu", path,
                       m->architecture, m->n_head, m->n_head_kv);
    if (!m->head_dim) {
        if (m->n_embd % m->n_head != 0)
            return gb_fail(err, GB_EINPUT,
                           "%s: %s.embedding_length %zu is not a multiple of %s.attention.head_count %zu", path,
                           m->architecture, m->n_embd, m->architecture, m->n_head);
        m->head_dim = m->n_embd / m->n_head;
    }
    if (m->head_dim > GB_MAX_WIDTH / m->n_head)
        return gb_fail(err, GB_EINPUT, "%s: %zu heads of %zu are more than %d wide", path, m->n_head, m->head_dim,
                       GB_MAX_WIDTH);
    size_t value_length = 0;
    const int rc = get_count_or(m, "attention.value_length", GB_MAX_WIDTH, m->head_dim, &value_length, err);
    if (rc) return rc;
    if (value_length != m->head_dim)
        return gb_fail(err, GB_EINPUT, "%s: %s.attention.value_length %zu differs from the key length %zu", path,
                       m->architecture, value_length, m->head_dim);
    return GB_OK;
}

int gb_llama_read_shape(gb_llama *m, gb_error *err) {
    const size_t no_default = 0;
    char name[KEY_SIZE];
    int rc;
    if ((rc = read_architecture(m, err)) || (rc = get_count(m, "block_count", GB_MAX_LAYERS, &m->n_layer, err)) ||
        (rc = get_count(m, "context_length", GB_MAX_CONTEXT, &m->n_ctx, err)) ||
        (rc = get_count(m, "embedding_length", GB_MAX_WIDTH, &m->n_embd, err)) ||
        (rc = get_count(m, "feed_forward_length", GB_MAX_FFN, &m->n_ff, err)) ||
        (rc = get_count(m, "attention.head_count", GB_MAX_WIDTH, &m->n_head, err)) ||
        (rc = get_count_or(m, "attention.head_count_kv", m->n_head, m->n_head, &m->n_head_kv, err)) ||
        (rc = get_count_or(m, "attention.key_length", GB_MAX_WIDTH, no_default, &m->head_dim, err)) ||
        (rc = gb_gguf_get_f32(m->file, full_name(m, "attention.layer_norm_rms_epsilon", name), &m->eps, err)) ||
        (rc = refuse_variants(m, err)) || (rc = check_heads(m, err)))
        return rc;
    if (!(m->eps > 0.0F && m->eps < 1.0F))
        return gb_fail(err, GB_EINPUT, "%s: %s.attention.layer_norm_rms_epsilon is %g, expected 0 < epsilon < 1",
                       m->file->path, m->architecture, (double)m->eps);
    return GB_OK;
}

int gb_llama_read_vocab_size(gb_llama *m, size_t fallback, gb_error *err) {
    return get_count_or(m, "vocab_size", GB_MAX_VOCAB, fallback, &m->n_vocab, err);
}

/* --- rotary embedding --------------------------------------------------------------------------------------------- */

int gb_llama_read_n_rot(gb_llama *m, gb_error *err) {
    const int rc = get_count_or(m, "rope.dimension_count", GB_MAX_WIDTH, m->head_dim, &m->n_rot, err);
    if (rc) return rc;
    if (m->n_rot > m->head_dim || m->n_rot % 2 != 0)
        return gb_fail(err, GB_EINPUT, "%s: %s.rope.dimension_count is %zu, expected an even number up to %zu",
                       m->file->path, m->architecture, m->n_rot, m->head_dim);
    return GB_OK;
}

/* Factor by which linear scaling divides positions; 1 without scaling. Other scaling types are refused by name. */
static int read_rope_scale(const gb_llama *m, float *factor, gb_error *err) {
    const char *path = m->file->path;
    char name[KEY_SIZE];
    char shown[GB_SHOWN];
    gb_str type;
    int rc = gb_gguf_get_str_or(m->file, full_name(m, "rope.scaling.type", name), "none", &type, err);
    if (rc) return rc;
    *factor = 1.0F;
    if (gb_str_equal(type, "linear"))
        rc = gb_gguf_get_f32(m->file, full_name(m, "rope.scaling.factor", name), factor, err);
    else if (gb_str_equal(type, "none"))
        rc = get_f32_or(m, "rope.scale_linear", 1.0F, factor, err); /* the older spelling */
    else
        return gb_fail(err, GB_EINPUT, "%s: %s.rope.scaling.type '%s' is not supported (known: none, linear)", path,
                       m->architecture, gb_str_show(type, shown));
    if (rc) return rc;
    if (!(*factor >= 1e-3F && *factor <= 1e6F))
        return gb_fail(err, GB_EINPUT, "%s: the rope scaling factor is %g, expected 0.001 to 1000000", path,
                       (double)*factor);
    return GB_OK;
}

int gb_llama_read_frequencies(gb_llama *m, const float *factors, gb_error *err) {
    float base = 0;
    float linear = 0;
    int rc = get_f32_or(m, "rope.freq_base", 10000.0F, &base, err);
    if (!rc) rc = read_rope_scale(m, &linear, err);
    if (rc) return rc;
    if (!(base >= 1.0F && base <= 1e12F))
        return gb_fail(err, GB_EINPUT, "%s: %s.rope.freq_base is %g, expected 1 to 1e12", m->file->path,
                       m->architecture, (double)base);
    const size_t half = m->n_rot / 2;
    m->frequency = gb_new(half, sizeof(double), "rope frequencies", err);
    if (!m->frequency) return err->code;
    const double step = gb_log((double)base) * 2.0 / (double)m->n_rot;
    for (size_t i = 0; i < half; i++) {
        const float by = factors ? factors[i] : 1.0F;
        if (!(by >= 1e-3F && by <= 1e6F))
            return gb_fail(err, GB_EINPUT, "%s: rope_freqs.weight[%zu] is %g, expected 0.001 to 1000000", m->file->path,
                           i, (double)by);
        m->frequency[i] = gb_exp(-step * (double)i) / (double)linear / (double)by;
    }
    return GB_OK;
}

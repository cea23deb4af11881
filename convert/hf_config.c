#include "convert/hf_config.h"

#include <string.h>

#include "model/llama.h"

/* Classes whose pass is the engine's. */
static const struct family {
    const char *class, *model_type, *architecture;
} families[] = {{"LlamaForCausalLM", "llama", "llama"},
                {"MistralForCausalLM", "mistral", "llama"},
                {"Qwen2ForCausalLM", "qwen2", "qwen2"}};
enum { FAMILIES = sizeof families / sizeof families[0] };

static int find_family(const gb_json *c, const struct family **out, gb_error *err) {
    const char *type = NULL;
    int rc = gb_json_get_str(c, c->root, "model_type", &type, err);
    if (rc) return rc;
    const cJSON *classes = gb_json_find(c->root, "architectures");
    const char *class = cJSON_IsArray(classes) && cJSON_IsString(classes->child) ? classes->child->valuestring : NULL;
    for (size_t i = 0; i < FAMILIES; i++) {
        *out = &families[i];
        if (class ? strcmp(class, families[i].class) == 0 : type && strcmp(type, families[i].model_type) == 0)
            return GB_OK;
    }
    return gb_fail(err, GB_EINPUT,
                   "%s: '%s' is '%.64s', expected LlamaForCausalLM, MistralForCausalLM or Qwen2ForCausalLM "
                   "(model_type llama, mistral, qwen2)",
                   c->path, class ? "architectures" : "model_type",
                   class  ? class
                   : type ? type
                          : "absent");
}

/* Keys that would change the arithmetic, with the value that means "not used". */
static int refuse_variants(const gb_json *c, gb_error *err) {
    static const struct {
        const char *name;
        double neutral;
    } numbers[] = {{"partial_rotary_factor", 1}, {"num_local_experts", 0}, {"num_experts", 0}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        double v = numbers[i].neutral;
        const int rc = gb_json_get_f64(c, c->root, numbers[i].name, &v, err);
        if (rc) return rc;
        if (v < numbers[i].neutral || v > numbers[i].neutral)
            return gb_fail(err, GB_EINPUT, "%s: '%s' is %g, which is not supported", c->path, numbers[i].name, v);
    }
    const char *act = "silu";
    const int rc = gb_json_get_str(c, c->root, "hidden_act", &act, err);
    if (rc) return rc;
    if (strcmp(act, "silu") != 0 && strcmp(act, "swish") != 0)
        return gb_fail(err, GB_EINPUT, "%s: 'hidden_act' is '%.64s', expected 'silu'", c->path, act);
    return GB_OK;
}

static int read_sizes(const gb_json *c, gb_hyper *h, gb_error *err) {
    const struct {
        const char *name;
        uint64_t max, *out;
    } sizes[] = {
        {"vocab_size", GB_MAX_VOCAB, &h->vocab},          {"max_position_embeddings", GB_MAX_CONTEXT, &h->context},
        {"hidden_size", GB_MAX_WIDTH, &h->dim},           {"num_hidden_layers", GB_MAX_LAYERS, &h->layers},
        {"num_attention_heads", GB_MAX_WIDTH, &h->heads}, {"intermediate_size", GB_MAX_FFN, &h->ffn}};
    int rc = GB_OK;
    for (size_t i = 0; !rc && i < sizeof sizes / sizeof sizes[0]; i++)
        rc = gb_json_need_u64(c, c->root, sizes[i].name, sizes[i].max, sizes[i].out, err);
    h->kv_heads = h->heads;
    if (!rc) rc = gb_json_get_u64(c, c->root, "num_key_value_heads", GB_MAX_WIDTH, &h->kv_heads, err);
    if (!rc) rc = gb_json_get_u64(c, c->root, "head_dim", GB_MAX_WIDTH, &h->head_dim, err);
    if (!rc) rc = gb_json_get_bool(c, c->root, "tie_word_embeddings", &h->tied, err);
    if (!rc) rc = gb_json_get_bool(c, c->root, "attention_bias", &h->attention_bias, err);
    if (!rc) rc = gb_json_get_bool(c, c->root, "mlp_bias", &h->mlp_bias, err);
    if (!rc) rc = gb_json_get_f64(c, c->root, "rms_norm_eps", &h->eps, err);
    if (!rc) rc = gb_json_get_f64(c, c->root, "rope_theta", &h->rope_base, err);
    if (rc) return rc;
    h->head_dim_stated = h->head_dim != 0;
    if (!h->head_dim && h->heads) h->head_dim = h->dim / h->heads;
    return GB_OK;
}

/* rope_scaling, or rope_parameters as newer configurations have it (with the base in it). */
static int read_rope(const gb_json *c, gb_hyper *h, gb_error *err) {
    const cJSON *rope = gb_json_find(c->root, "rope_parameters");
    if (!rope) rope = gb_json_find(c->root, "rope_scaling");
    if (!rope) return GB_OK;
    if (!cJSON_IsObject(rope))
        return gb_fail(err, GB_EINPUT, "%s: the rope scaling is %s, expected an object", c->path, gb_json_kind(rope));
    const struct {
        const char *name;
        double *out;
    } numbers[] = {{"rope_theta", &h->rope_base},
                   {"factor", &h->rope_factor},
                   {"low_freq_factor", &h->rope_low},
                   {"high_freq_factor", &h->rope_high},
                   {"original_max_position_embeddings", &h->rope_original},
                   {"extrapolation_factor", &h->yarn_extrapolation},
                   {"attn_factor", &h->yarn_attention},
                   {"attention_factor", &h->yarn_attention},
                   {"beta_fast", &h->yarn_fast},
                   {"beta_slow", &h->yarn_slow}};
    static const struct {
        const char *name;
        gb_rope_type type;
    } types[] = {{"default", GB_ROPE_PLAIN},
                 {"none", GB_ROPE_PLAIN},
                 {"linear", GB_ROPE_LINEAR},
                 {"yarn", GB_ROPE_YARN},
                 {"llama3", GB_ROPE_LLAMA3}};
    const char *type = "default";
    int rc = gb_json_get_str(c, rope, "type", &type, err); /* the older name of the same key */
    if (!rc) rc = gb_json_get_str(c, rope, "rope_type", &type, err);
    for (size_t i = 0; !rc && i < sizeof numbers / sizeof numbers[0]; i++)
        rc = gb_json_get_f64(c, rope, numbers[i].name, numbers[i].out, err);
    if (rc) return rc;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        h->rope = types[i].type;
        if (strcmp(types[i].name, type) == 0) return GB_OK;
    }
    return gb_fail(err, GB_EINPUT,
                   "%s: the rope scaling '%.64s' is not supported (known: default, linear, yarn, llama3)", c->path,
                   type);
}

static int check_rope(gb_hyper *h, const char *path, gb_error *err) {
    if (h->rope == GB_ROPE_PLAIN) return GB_OK;
    if (h->rope == GB_ROPE_LLAMA3) { /* as the library fills what is not stated */
        if (!(h->rope_factor > 0)) h->rope_factor = 8;
        if (!(h->rope_low > 0)) h->rope_low = 1;
        if (!(h->rope_high > 0)) h->rope_high = 4;
        if (!(h->rope_original > 0)) h->rope_original = 8192;
    }
    if (h->rope == GB_ROPE_YARN && !(h->rope_original > 0)) h->rope_original = (double)h->context;
    if (!(h->rope_factor >= 1 && h->rope_factor <= 1e6))
        return gb_fail(err, GB_EINPUT, "%s: the rope scaling factor is %g, expected 1 to 1000000", path,
                       h->rope_factor);
    if (h->rope == GB_ROPE_LINEAR) return GB_OK;
    if (!(h->rope_original >= 1 && h->rope_original <= GB_MAX_CONTEXT))
        return gb_fail(err, GB_EINPUT, "%s: original_max_position_embeddings is %g, expected 1 to %d", path,
                       h->rope_original, GB_MAX_CONTEXT);
    if (h->rope == GB_ROPE_LLAMA3 && !(h->rope_low < h->rope_high && h->rope_high <= 1e6))
        return gb_fail(err, GB_EINPUT, "%s: low_freq_factor %g and high_freq_factor %g, expected low < high <= 1000000",
                       path, h->rope_low, h->rope_high);
    return GB_OK;
}

int gb_hyper_check(const gb_hyper *h, const char *path, gb_error *err) {
    const struct {
        const char *what;
        uint64_t value, min, max;
    } ranges[] = {{"vocabulary", h->vocab, 1, GB_MAX_VOCAB},
                  {"context", h->context, 1, GB_MAX_CONTEXT},
                  {"width", h->dim, 1, GB_MAX_WIDTH},
                  {"number of layers", h->layers, 1, GB_MAX_LAYERS},
                  {"number of heads", h->heads, 1, GB_MAX_WIDTH},
                  {"number of KV heads", h->kv_heads, 1, h->heads},
                  {"width of a head", h->head_dim, 2, GB_MAX_WIDTH},
                  {"feed-forward width", h->ffn, 1, GB_MAX_FFN}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (ranges[i].value < ranges[i].min || ranges[i].value > ranges[i].max)
            return gb_fail(err, GB_EINPUT, "%s: the %s is %llu, expected %llu to %llu", path, ranges[i].what,
                           (unsigned long long)ranges[i].value, (unsigned long long)ranges[i].min,
                           (unsigned long long)ranges[i].max);
    if (h->heads % h->kv_heads || h->head_dim % 2 || h->heads * h->head_dim > GB_MAX_WIDTH ||
        (!h->head_dim_stated && h->dim % h->heads))
        return gb_fail(err, GB_EINPUT,
                       "%s: %llu heads of %llu and %llu KV heads in a width of %llu: heads must be a multiple of KV "
                       "heads, heads even and together at most %d wide",
                       path, (unsigned long long)h->heads, (unsigned long long)h->head_dim,
                       (unsigned long long)h->kv_heads, (unsigned long long)h->dim, GB_MAX_WIDTH);
    if (!(h->eps > 0 && h->eps < 1))
        return gb_fail(err, GB_EINPUT, "%s: the epsilon of the norms is %g, expected 0 < epsilon < 1", path, h->eps);
    if (!(h->rope_base >= 1 && h->rope_base <= 1e12))
        return gb_fail(err, GB_EINPUT, "%s: the base of rope is %g, expected 1 to 1e12", path, h->rope_base);
    return GB_OK;
}

/* Attention to the last `sliding_window` positions only: GGUF's llama and qwen2 have no place for it. */
static int note_window(const gb_json *c, const gb_hyper *h, gb_notes *notes, gb_error *err) {
    uint64_t window = 0;
    bool uses =
        strcmp(h->architecture, "llama") == 0; /* Mistral: wherever it is stated; Qwen2: only with this switch */
    int rc = gb_json_get_u64(c, c->root, "sliding_window", (uint64_t)1 << 53, &window, err);
    if (!rc) rc = gb_json_get_bool(c, c->root, "use_sliding_window", &uses, err);
    if (!rc && uses && window && window < h->context)
        gb_note(notes,
                "the sliding window of %llu is left out: attention sees every position, which differs from the model "
                "beyond that many tokens",
                (unsigned long long)window);
    return rc;
}

int gb_hf_config_read(const gb_json *config, gb_hyper *out, gb_notes *notes, gb_error *err) {
    const struct family *family = NULL;
    int rc = find_family(config, &family, err);
    if (rc) return rc;
    *out = (gb_hyper){.architecture = family->architecture, .eps = 1e-6, .rope_base = 10000};
    if ((rc = refuse_variants(config, err)) || (rc = read_sizes(config, out, err)) ||
        (rc = read_rope(config, out, err)) || (rc = gb_hyper_check(out, config->path, err)) ||
        (rc = check_rope(out, config->path, err)))
        return rc;
    return note_window(config, out, notes, err);
}

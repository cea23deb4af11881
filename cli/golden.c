#include "cli/golden.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/engine.h"
#include "harness/alloc.h"
#include "harness/file.h"
#include "model/perplexity.h"
#include "model/quantize.h"
#include "results/json.h"

/* --- the file -------------------------------------------------------------------------------------------------------
 */

/* Beside this program: in the source tree it was built in, or where it was installed. */
static int find_file(char *path, size_t size) {
    static const char *const beside[] = {"/../../results/golden-hashes.json",
                                         "/../share/gaugeblock/golden-hashes.json"};
    char self[2048];
    const ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = 0;
    char *slash = strrchr(self, '/');
    if (slash) *slash = 0;
    for (size_t i = 0; slash && i < sizeof beside / sizeof beside[0]; i++) {
        char resolved[PATH_MAX];
        (void)snprintf(path, size, "%s%s", self, beside[i]);
        if (!realpath(path, resolved) || access(resolved, R_OK) != 0) continue;
        (void)snprintf(path, size, "%s", resolved);
        return 1;
    }
    (void)snprintf(path, size, "results/golden-hashes.json");
    return access(path, R_OK) == 0;
}

/* A file that the golden file names. */
static void beside_file(const gb_golden *g, const char *name, char *path, size_t size) {
    const char *slash = strrchr(g->path, '/');
    if (name[0] == '/' || !slash)
        (void)snprintf(path, size, "%s", name);
    else
        (void)snprintf(path, size, "%.*s/%s", (int)(slash - g->path), g->path, name);
}

static int is_hash(const char *text) {
    return strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

static int take_hash(gb_golden *g, const cJSON *entry, gb_error *err) {
    const char *type = gb_json_string(entry, "type", "");
    const char *hash = gb_json_string(entry, "logits", "");
    if (g->count == GB_GOLDEN_MOST) return gb_fail(err, GB_EINPUT, "%s: more than %d hashes", g->path, GB_GOLDEN_MOST);
    gb_golden_hash *h = &g->hash[g->count];
    if (!type[0] || strlen(type) >= sizeof h->type || !is_hash(hash))
        return gb_fail(err, GB_EINPUT,
                       "%s: hash %zu: expected a type and 32 hexadecimal digits, found '%.40s' and '%.40s'", g->path,
                       g->count + 1, type, hash);
    *h = (gb_golden_hash){.pure = cJSON_IsTrue(gb_json_at(entry, "pure"))};
    memcpy(h->type, type, strlen(type) + 1);
    memcpy(h->expected, hash, sizeof h->expected);
    g->count++;
    return GB_OK;
}

static int take_number(const gb_golden *g, const cJSON *json, const char *key, size_t *out, gb_error *err) {
    const double v = gb_json_number(json, key);
    if (!(v >= 1 && v <= 1e6 && v == floor(v)))
        return gb_fail(err, GB_EINPUT, "%s: '%s' is no whole number from 1 to 1000000", g->path, key);
    *out = (size_t)v;
    return GB_OK;
}

static int take_json(gb_golden *g, const cJSON *json, gb_error *err) {
    const cJSON *entry = NULL;
    const char *model = gb_json_string(json, "model", "");
    const char *text = gb_json_string(json, "text", "");
    const cJSON *hashes = gb_json_at(json, "hashes");
    if (!model[0] || !text[0] || !cJSON_IsArray(hashes))
        return gb_fail(err, GB_EINPUT, "%s: expected the keys model, text and hashes", g->path);
    (void)snprintf(g->model, sizeof g->model, "%s", model);
    (void)snprintf(g->text, sizeof g->text, "%s", text);
    int rc = take_number(g, json, "text_bytes", &g->text_bytes, err);
    if (!rc) rc = take_number(g, json, "n_ctx", &g->n_ctx, err);
    if (!rc) rc = take_number(g, json, "chunks", &g->chunks, err);
    cJSON_ArrayForEach(entry, hashes) if (!rc) rc = take_hash(g, entry, err);
    return rc;
}

int gb_golden_read(const char *path, gb_golden *g, gb_error *err) {
    uint8_t *data = NULL;
    size_t size = 0;
    *g = (gb_golden){0};
    if (path)
        (void)snprintf(g->path, sizeof g->path, "%s", path);
    else if (!find_file(g->path, sizeof g->path))
        return gb_fail(err, GB_EINPUT,
                       "no golden hashes found beside this program nor at results/golden-hashes.json; name them with "
                       "--golden FILE, or leave them out with --only verify,speed");
    int rc = gb_read_all(g->path, 1U << 20, &data, &size, err);
    if (rc) return rc;
    cJSON *json = cJSON_ParseWithLength((const char *)data, size);
    free(data);
    rc = json ? take_json(g, json, err) : gb_fail(err, GB_EINPUT, "%s: not JSON", g->path);
    cJSON_Delete(json);
    return rc;
}

/* --- types ----------------------------------------------------------------------------------------------------------
 */

static const gb_golden_hash *listed(const gb_golden *g, const char *type, bool pure) {
    for (size_t i = 0; i < g->count; i++)
        if (g->hash[i].pure == pure && strcmp(g->hash[i].type, type) == 0) return &g->hash[i];
    return NULL;
}

/* Keeps what is expected of it so far. */
static void append(gb_golden *g, const gb_golden *before, const char *type, bool pure) {
    gb_golden_hash *h = &g->hash[g->count];
    if (g->count == GB_GOLDEN_MOST || strlen(type) >= sizeof h->type || listed(g, type, pure)) return;
    const gb_golden_hash *old = listed(before, type, pure);
    *h = old ? *old : (gb_golden_hash){.pure = pure};
    memcpy(h->type, type, strlen(type) + 1);
    g->count++;
}

int gb_golden_add_types(gb_golden *g, gb_error *err) {
    static const char *const recipes[] = {"Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "IQ3_M"};
    gb_golden *before = gb_new(1, sizeof *before, "golden hashes", err);
    if (!before) return GB_ESYSTEM;
    *before = *g;
    g->count = 0;
    for (int f = 0; f < GB_FORMAT_COUNT; f++)
        if (gb_formats[f].is_weight && gb_block_type_by_name(gb_formats[f].NAME) != GB_NO_TYPE)
            append(g, before, gb_formats[f].NAME, true);
    for (size_t i = 0; i < sizeof recipes / sizeof recipes[0]; i++) append(g, before, recipes[i], false);
    for (size_t i = 0; i < before->count; i++) append(g, before, before->hash[i].type, before->hash[i].pure);
    free(before);
    return GB_OK;
}

/* --- hashes ---------------------------------------------------------------------------------------------------------
 */

/* What all types share. */
typedef struct task {
    const gb_golden *g;
    char model[8192];
    uint8_t *text;
    size_t text_size;
    gb_engine_options engine;
} task;

static int hash_logits(const task *t, const gb_engine *e, char hash[33], gb_error *err) {
    int32_t *ids = NULL;
    size_t count = 0;
    gb_context *c = NULL;
    gb_perplexity p;
    const gb_context_params params = {.n_ctx = t->g->n_ctx, .n_batch = t->engine.n_batch, .kv = t->engine.kv};
    int rc = gb_tokenize(e->tokenizer, (const char *)t->text, t->text_size, true, false, &ids, &count, err);
    if (!rc) rc = gb_context_new(e->model, e->pool, &params, &c, err);
    if (!rc) {
        const gb_perplexity_params protocol = {
            .n_ctx = t->g->n_ctx,
            .max_chunks = t->g->chunks,
            .bos = gb_tokenizer_adds_bos(e->tokenizer) ? gb_tokenizer_bos(e->tokenizer) : -1};
        const gb_logits_source source = gb_logits_from_context(c, e->model);
        rc = gb_perplexity_run(&source, ids, count, &protocol, &p, err);
    }
    if (!rc) {
        memcpy(hash, p.logits_hash, 33);
        gb_perplexity_free(&p);
    }
    gb_context_free(c);
    free(ids);
    return rc;
}

/* A pure type is no recipe of its own (IQ2_S, the recipe, is made of IQ2_XS). */
static int find_recipe(const gb_golden_hash *h, gb_recipe *own, const gb_recipe **out, gb_error *err) {
    if (!h->pure) return gb_recipe_find(h->type, out, err);
    *own = (gb_recipe){.name = h->type, .base = gb_block_type_by_name(h->type)};
    *out = own;
    return own->base != GB_NO_TYPE ? GB_OK : gb_fail(err, GB_EINPUT, "this program knows no type '%s'", h->type);
}

static int quantize(const task *t, const gb_golden_hash *h, const char *path, gb_error *err) {
    gb_quantize_options o = {.plan = {.pure = h->pure}};
    gb_recipe own;
    gb_gguf *in = NULL;
    gb_plan_row *rows = NULL;
    gb_pool *pool = NULL;
    gb_cap cap;
    int rc = find_recipe(h, &own, &o.plan.recipe, err);
    if (!rc) rc = gb_parse_isa(t->engine.isa, &cap, err);
    if (!rc) rc = gb_gguf_open(t->model, &in, err);
    if (!rc) rc = gb_quantize_plan(in, &o, &rows, err);
    /* without importance some types give noise, but defined noise: its bits serve here as well as any */
    for (size_t i = 0; !rc && i < in->tensor_count; i++) rows[i].needs_importance = false;
    if (!rc) rc = gb_quantize_check(in, &o, rows, err);
    if (!rc) rc = gb_pool_new(t->engine.threads, NULL, 0, &pool, err);
    if (!rc) rc = gb_quantize_write(in, &o, rows, path, pool, &cap, NULL, NULL, err);
    gb_pool_free(pool);
    free(rows);
    gb_gguf_close(in);
    return rc;
}

/* The file is mapped when the model is open, so its name can go at once. */
static int hash_type(const task *t, const gb_golden_hash *h, char hash[33], gb_error *err) {
    const char *base = getenv("TMPDIR");
    char folder[4096];
    char path[4200];
    gb_engine e;
    gb_engine_options o = t->engine;
    o.model = path;
    (void)snprintf(folder, sizeof folder, "%s/gaugeblock-XXXXXX", base && base[0] ? base : "/tmp");
    if (!mkdtemp(folder)) return gb_fail(err, GB_ESYSTEM, "%s: no folder for the quantized model", folder);
    (void)snprintf(path, sizeof path, "%s/model.gguf", folder);
    int rc = quantize(t, h, path, err);
    if (!rc) rc = gb_engine_open(&o, &e, err);
    (void)unlink(path);
    (void)rmdir(folder);
    if (rc) return rc;
    rc = hash_logits(t, &e, hash, err);
    gb_engine_close(&e);
    return rc;
}

static int read_text(task *t, gb_error *err) {
    char path[8192];
    beside_file(t->g, t->g->text, path, sizeof path);
    const int rc = gb_read_all(path, (size_t)1 << 30, &t->text, &t->text_size, err);
    if (!rc && t->text_size > t->g->text_bytes) t->text_size = t->g->text_bytes;
    return rc;
}

int gb_golden_run(gb_golden *g, const char *isa, size_t threads, gb_error *err) {
    task t = {.g = g, .engine = GB_ENGINE_DEFAULTS};
    t.engine.isa = isa;
    t.engine.threads = threads ? threads : gb_default_threads();
    beside_file(g, g->model, t.model, sizeof t.model);
    int rc = read_text(&t, err);
    if (!rc && access(t.model, R_OK) != 0)
        rc = gb_fail(err, GB_EINPUT, "%s: the model of the golden hashes is not readable", t.model);
    for (size_t i = 0; !rc && i < g->count; i++) {
        gb_error why = {0};
        if (isatty(STDERR_FILENO) == 1) fprintf(stderr, "\r\033[Klogits of %s", g->hash[i].type);
        if (hash_type(&t, &g->hash[i], g->hash[i].found, &why) == GB_OK) continue;
        g->hash[i].found[0] = 0;
        (void)snprintf(g->hash[i].note, sizeof g->hash[i].note, "%.250s", why.text);
    }
    if (isatty(STDERR_FILENO) == 1) fputs("\r\033[K", stderr);
    free(t.text);
    return rc;
}

size_t gb_golden_wrong(const gb_golden *g) {
    size_t wrong = 0;
    for (size_t i = 0; i < g->count; i++) wrong += strcmp(g->hash[i].expected, g->hash[i].found) != 0;
    return wrong;
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

/* One hash per line, so that a change of one shows as one line. */
static int write_lines(const gb_golden *g, gb_output *out, gb_error *err) {
    char line[9000];
    int n =
        snprintf(line, sizeof line,
                 "{\n \"model\": \"%s\",\n \"text\": \"%s\",\n \"text_bytes\": %zu,\n \"n_ctx\": %zu,\n \"chunks\": "
                 "%zu,\n \"hashes\": [",
                 g->model, g->text, g->text_bytes, g->n_ctx, g->chunks);
    int rc = gb_output_write(out, line, (size_t)n, err);
    const char *between = "\n";
    for (size_t i = 0; !rc && i < g->count; i++) {
        const gb_golden_hash *h = &g->hash[i];
        if (!h->found[0]) continue;
        n = snprintf(line, sizeof line, "%s  {\"type\": \"%s\", \"pure\": %s, \"logits\": \"%s\"}", between, h->type,
                     h->pure ? "true" : "false", h->found);
        between = ",\n";
        rc = gb_output_write(out, line, (size_t)n, err);
    }
    return rc ? rc : gb_output_write(out, "\n ]\n}\n", 6, err);
}

int gb_golden_write(const gb_golden *g, gb_error *err) {
    gb_output *out = NULL;
    if (strpbrk(g->model, "\"\\") || strpbrk(g->text, "\"\\"))
        return gb_fail(err, GB_EINPUT, "%s: a path with a quote or a backslash", g->path);
    int rc = gb_output_open(g->path, &out, err);
    if (rc) return rc;
    rc = write_lines(g, out, err);
    if (!rc) return gb_output_commit(out, err);
    gb_output_abort(out);
    return rc;
}

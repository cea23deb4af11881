#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cli/cli.h"
#include "cli/engine.h"
#include "cli/progress.h"
#include "convert/convert.h"

const char gb_help_convert[] =
    "usage: gaugeblock convert SOURCE -o OUT.gguf [options]\n"
    "\n"
    "Writes a model of another program as GGUF. SOURCE, told apart by content:\n"
    "  a directory          Hugging Face: config.json, safetensors (one file or several with their index), tokenizer\n"
    "  a .safetensors file  the same, with config.json and tokenizer beside it\n"
    "  a .bin file          llama2.c, version 0 or 1, with tok<N>.bin or tokenizer.bin beside it\n"
    "Llama, Mistral and Qwen2 models of F32, F16 or BF16 weights, or quantized by GPTQ, AWQ or bitsandbytes.\n"
    "docs/convert.md says what becomes of everything.\n"
    "\n"
    "  -o, --output FILE   required; appears only when complete, an older file of that name is replaced\n"
    "  --outtype TYPE      f32, f16, bf16, or auto (default): as the matrices are stored, f32 if they differ;\n"
    "                      quantized ones keep their kind with auto, and are decoded otherwise\n"
    "  --tokenizer FILE    tokenizer.model, tokenizer.json or tokenizer.bin, instead of the one beside the model\n"
    "  --name NAME         general.name (default: the source's name)\n"
    "  --dry-run           read and check everything, print the plan, write nothing; -o may be left out\n"
    "  --threads N         default: all CPUs; the bytes are the same for every N\n"
    "  --json              what was done, for machines\n";

typedef struct arguments {
    gb_convert_options options;
    const char *out; /* NULL: not given, which a dry run may */
    size_t threads;  /* 0: not given */
    bool dry_run, json;
} arguments;

static int parse_outtype(const char *text, gb_outtype *out, gb_error *err) {
    static const char *const names[] = {
        [GB_OUT_AUTO] = "auto", [GB_OUT_F32] = "f32", [GB_OUT_F16] = "f16", [GB_OUT_BF16] = "bf16"};
    for (int i = 0; i < 4; i++) {
        *out = (gb_outtype)i;
        if (strcasecmp(text, names[i]) == 0) return GB_OK;
    }
    return gb_fail(err, GB_EINPUT, "--outtype '%s': expected f32, f16, bf16 or auto", text);
}

enum { OUTTYPE = 1, TOKENIZER, NAME, DRY_RUN, THREADS, JSON };

static int take(void *into, int option, char *value, gb_error *err) {
    arguments *a = into;
    switch (option) {
    case 'o':
        a->out = value;
        return GB_OK;
    case OUTTYPE:
        return parse_outtype(value, &a->options.outtype, err);
    case TOKENIZER:
        a->options.tokenizer = value;
        return GB_OK;
    case NAME:
        a->options.name = value;
        return GB_OK;
    case DRY_RUN:
        a->dry_run = true;
        return GB_OK;
    case THREADS:
        return gb_parse_size("--threads", value, 1, GB_MAX_THREADS, &a->threads, err);
    default: /* JSON */
        a->json = true;
        return GB_OK;
    }
}

static int parse(int argc, char **argv, arguments *a, gb_error *err) {
    static const struct option long_options[] = {{"output", required_argument, NULL, 'o'},
                                                 {"outtype", required_argument, NULL, OUTTYPE},
                                                 {"tokenizer", required_argument, NULL, TOKENIZER},
                                                 {"name", required_argument, NULL, NAME},
                                                 {"dry-run", no_argument, NULL, DRY_RUN},
                                                 {"threads", required_argument, NULL, THREADS},
                                                 {"json", no_argument, NULL, JSON},
                                                 {0}};
    const int rc = gb_read_options(argc, argv, ":o:", long_options, take, a, err);
    if (rc) return rc;
    if (argc - optind != 1)
        return gb_fail(err, GB_EINPUT, "expected one SOURCE, found %d words; see 'gaugeblock help convert'",
                       argc - optind);
    if (!a->out && !a->dry_run) return gb_fail(err, GB_EINPUT, "-o OUT.gguf is missing");
    a->options.source = argv[optind];
    return GB_OK;
}

/* The output must be none of the files that are read while it is written. */
static int refuse_same_file(const arguments *a, const gb_source *s, gb_error *err) {
    int rc = gb_refuse_same_file(a->options.source, a->out, err);
    for (size_t i = 0; !rc && i < s->checkpoint.file_count; i++)
        rc = gb_refuse_same_file(s->checkpoint.files[i].path, a->out, err);
    return rc;
}

static void print_plan(const gb_source *s) {
    for (size_t i = 0; i < s->count; i++) {
        const gb_plan_row *r = &s->tensors[i].row;
        char sizes[64];
        if (r->dims > 1)
            (void)snprintf(sizes, sizeof sizes, "%llu x %llu", (unsigned long long)r->ne[0],
                           (unsigned long long)r->ne[1]);
        else
            (void)snprintf(sizes, sizeof sizes, "%llu", (unsigned long long)r->ne[0]);
        printf("%-32s %-20s %-5s -> %-5s %12llu bytes\n", s->tensors[i].name, sizes, gb_formats[r->from].NAME,
               gb_formats[r->to].NAME, (unsigned long long)gb_plan_bytes(r));
    }
}

static void print_summary(const gb_source *s) {
    printf("%s (%s, %s): %zu tensors, %llu parameters, %.2f MiB of %s; vocabulary of %zu (%s, %s)\n", s->name, s->kind,
           s->hyper.architecture, s->count, (unsigned long long)gb_convert_parameters(s),
           (double)gb_convert_bytes(s) / 0x1p20, gb_convert_file_type(s), s->vocab.count,
           s->vocab.bpe ? "gpt2" : "llama", s->vocab.pre);
}

static cJSON *tensors_json(const gb_source *s) {
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < s->count; i++) {
        const gb_plan_row *r = &s->tensors[i].row;
        cJSON *t = cJSON_CreateObject();
        cJSON *shape = cJSON_AddArrayToObject(t, "shape");
        for (uint32_t d = 0; d < r->dims; d++) cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)r->ne[d]));
        cJSON_AddStringToObject(t, "name", s->tensors[i].name);
        cJSON_AddStringToObject(t, "from", gb_formats[r->from].NAME);
        cJSON_AddStringToObject(t, "to", gb_formats[r->to].NAME);
        cJSON_AddNumberToObject(t, "bytes", (double)gb_plan_bytes(r));
        cJSON_AddItemToArray(list, t);
    }
    return list;
}

static int print_json(const arguments *a, const gb_source *s, gb_error *err) {
    cJSON *root = cJSON_CreateObject();
    const char *const texts[][2] = {{"source", a->options.source},
                                    {"kind", s->kind},
                                    {"architecture", s->hyper.architecture},
                                    {"name", s->name},
                                    {"file_type", gb_convert_file_type(s)}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) cJSON_AddStringToObject(root, texts[i][0], texts[i][1]);
    cJSON_AddNumberToObject(root, "parameters", (double)gb_convert_parameters(s));
    cJSON_AddNumberToObject(root, "bytes", (double)gb_convert_bytes(s));
    cJSON *vocab = cJSON_AddObjectToObject(root, "vocabulary");
    cJSON_AddStringToObject(vocab, "model", s->vocab.bpe ? "gpt2" : "llama");
    cJSON_AddStringToObject(vocab, "pre", s->vocab.pre);
    cJSON_AddNumberToObject(vocab, "tokens", (double)s->vocab.count);
    cJSON_AddNumberToObject(vocab, "merges", (double)s->vocab.merge_count);
    cJSON_AddItemToObject(root, "tensors", tensors_json(s));
    cJSON *notes = cJSON_AddArrayToObject(root, "notes");
    for (size_t i = 0; i < s->notes.count; i++) cJSON_AddItemToArray(notes, cJSON_CreateString(s->notes.text[i]));
    if (a->dry_run)
        cJSON_AddNullToObject(root, "output");
    else
        cJSON_AddStringToObject(root, "output", a->out);
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (!text) return gb_fail(err, GB_ESYSTEM, "out of memory for the JSON text");
    puts(text);
    free(text);
    return GB_OK;
}

static int write_model(const arguments *a, const gb_source *s, gb_error *err) {
    gb_cap cap;
    gb_pool *pool = NULL;
    int rc = refuse_same_file(a, s, err);
    if (!rc) rc = gb_parse_isa(NULL, &cap, err);
    if (!rc) rc = gb_pool_new(a->threads ? a->threads : gb_default_threads(), NULL, 0, &pool, err);
    if (rc) return rc;
    const gb_progress progress = gb_progress_line();
    rc = gb_convert_write(s, a->out, pool, &cap, &progress, err);
    gb_progress_done();
    gb_pool_free(pool);
    return rc;
}

int gb_cmd_convert(int argc, char **argv, gb_error *err) {
    arguments a = {.options.source = ""};
    gb_source s = {0};
    int rc = parse(argc, argv, &a, err);
    if (!rc) rc = gb_convert_open(&a.options, &s, err);
    for (size_t i = 0; !rc && !a.json && i < s.notes.count; i++) fprintf(stderr, "note: %s\n", s.notes.text[i]);
    if (!rc && a.out && !a.dry_run) rc = write_model(&a, &s, err);
    if (!rc && a.json) rc = print_json(&a, &s, err);
    if (!rc && !a.json && a.dry_run) print_plan(&s);
    if (!rc && !a.json) print_summary(&s);
    gb_source_free(&s);
    return rc;
}

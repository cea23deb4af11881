#include "cli/engine.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/alloc.h"
#include "harness/file.h"
#include "model/utf8.h"

enum { MAX_CONTEXT = 1 << 24, MAX_BATCH = 1 << 16, MAX_TEXT = 1 << 30 };

size_t gb_default_threads(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    const int n = CPU_COUNT(&set);
    return n > 0 ? (size_t)n : 1;
}

int gb_engine_option(gb_engine_options *o, int option, const char *value, gb_error *err) {
    switch (option) {
    case 'm':
        o->model = value;
        return GB_OK;
    case 't':
        return gb_parse_size("--threads", value, 1, GB_MAX_THREADS, &o->threads, err);
    case 'c':
        return gb_parse_size("--ctx", value, 1, MAX_CONTEXT, &o->n_ctx, err);
    case 'b':
        return gb_parse_size("--batch", value, 1, MAX_BATCH, &o->n_batch, err);
    case GB_OPTION_CPU_LIST:
    case GB_OPTION_NUMA:
        return gb_place_option(&o->place, option, value, err);
    case GB_OPTION_ISA:
        o->isa = value;
        return GB_OK;
    case GB_OPTION_KV:
        o->kv = gb_format_by_name(value);
        if (o->kv == GB_FORMAT_COUNT || !gb_reference(o->kv, GB_OP_attn_score).any)
            return gb_fail(err, GB_EINPUT, "--kv '%s': expected f16, f32 or q8_0", value);
        return GB_OK;
    default: /* GB_OPTION_JSON */
        o->json = true;
        return GB_OK;
    }
}

int gb_engine_check_words(gb_engine_options *o, int argc, char **argv, gb_error *err) {
    const int rc = gb_no_words(argc, argv, err);
    if (rc) return rc;
    if (!o->model) return gb_fail(err, GB_EINPUT, "no model: give one with -m FILE.gguf");
    if (!o->threads) o->threads = gb_place_threads(&o->place);
    return GB_OK;
}

int gb_text_option(gb_text_options *o, int option, const char *value, gb_error *err) {
    if (option == GB_OPTION_CHUNKS) return gb_parse_size("--chunks", value, 1, SIZE_MAX, &o->chunks, err);
    if (option != 'f') return gb_engine_option(&o->engine, option, value, err);
    o->file = value;
    return GB_OK;
}

int gb_text_check_words(gb_text_options *o, int argc, char **argv, gb_error *err) {
    const int rc = gb_engine_check_words(&o->engine, argc, argv, err);
    if (rc || o->file) return rc;
    return gb_fail(err, GB_EINPUT, "no text: give one with -f FILE");
}

/* Pins the threads, and says where memory shall lie from now on. */
static int choose_place(const gb_engine_options *o, gb_engine *e, const gb_topology *topology, gb_error *err) {
    e->cpus = gb_new(o->threads, sizeof *e->cpus, "CPU list", err);
    if (!e->cpus) return GB_ESYSTEM;
    const int rc = gb_numa_apply(&o->place.numa, topology, &gb_numa_system, err);
    return rc ? rc : gb_place_choose(&o->place, topology, o->threads, e->cpus, &e->cpu_count, err);
}

/* The file's pages that were there before follow the policy as far as they can. */
static void place_weights(const gb_engine_options *o, gb_engine *e, const gb_topology *topology) {
    const gb_map *map = &e->model->file->map;
    gb_placement placement = {0};
    gb_numa_move(&o->place.numa, topology, &gb_numa_system, map->data, map->size, &placement);
    gb_numa_look(&gb_numa_system, map->data, map->size, &placement);
    gb_placement_text(&placement, &o->place.numa, gb_topology_node_of(topology, e->cpus[0]), e->memory,
                      sizeof e->memory);
}

int gb_engine_open(const gb_engine_options *o, gb_engine *e, gb_error *err) {
    gb_topology topology = {0};
    *e = (gb_engine){0};
    const bool placed = gb_place_given(&o->place);
    int rc = o->stand_in ? gb_parse_stand_in(o->isa, &e->cap, err) : gb_parse_isa(o->isa, &e->cap, err);
    if (!rc && placed) rc = gb_topology_read(&topology, err);
    if (!rc && placed) rc = choose_place(o, e, &topology, err);
    if (!rc) rc = gb_pool_new(o->threads, e->cpus, e->cpu_count, &e->pool, err);
    if (!rc) rc = gb_llama_load(o->model, &e->cap, e->pool, &e->model, err);
    if (!rc && placed) place_weights(o, e, &topology);
    gb_topology_free(&topology);
    if (!rc) rc = gb_tokenizer_new(e->model->file, &e->tokenizer, err);
    if (!rc && gb_tokenizer_vocab(e->tokenizer) > e->model->n_vocab)
        rc = gb_fail(err, GB_EINPUT, "%s: the tokenizer has %zu tokens, the embedding only %zu rows", o->model,
                     gb_tokenizer_vocab(e->tokenizer), e->model->n_vocab);
    if (rc) gb_engine_close(e);
    return rc;
}

void gb_engine_close(gb_engine *e) {
    gb_tokenizer_free(e->tokenizer);
    gb_llama_free(e->model);
    gb_pool_free(e->pool);
    free(e->cpus);
    *e = (gb_engine){0};
}

int gb_engine_with_text(const gb_text_options *o, gb_text_job *job, const void *options, gb_error *err) {
    uint8_t *text = NULL;
    size_t size = 0;
    int rc = gb_read_all(o->file, MAX_TEXT, &text, &size, err);
    if (rc) return rc;
    gb_engine e;
    rc = gb_engine_open(&o->engine, &e, err);
    if (!rc) {
        int32_t *ids = NULL;
        size_t count = 0;
        rc = gb_tokenize(e.tokenizer, (const char *)text, size, true, false, &ids, &count, err);
        if (!rc) rc = job(&e, options, ids, count, err);
        free(ids);
        gb_engine_close(&e);
    }
    free(text);
    return rc;
}

size_t gb_engine_chunk(const gb_engine *e, const gb_engine_options *o) {
    if (o->n_ctx) return o->n_ctx;
    return e->model->n_ctx < GB_DEFAULT_CHUNK ? e->model->n_ctx : GB_DEFAULT_CHUNK;
}

const char *gb_cap_tier(const gb_cap *cap) {
    if (cap->reference_only) return "reference";
    for (int i = GB_ISA_COUNT - 1; i >= 0; i--)
        if (gb_isas[i].built && !(gb_isas[i].needs & ~cap->features)) return gb_isas[i].name;
    return "reference";
}

void gb_engine_describe(const gb_engine *e, const gb_engine_options *o, cJSON *json) {
    gb_json_add_text(json, "model", o->model, strlen(o->model));
    cJSON_AddStringToObject(json, "isa", gb_cap_tier(&e->cap));
    cJSON_AddNumberToObject(json, "threads", (double)o->threads);
    cJSON_AddNumberToObject(json, "batch", (double)o->n_batch);
    cJSON_AddStringToObject(json, "kv", gb_formats[o->kv].name);
    if (e->memory[0]) cJSON_AddStringToObject(json, "memory", e->memory);
}

cJSON *gb_json_text(const char *text, size_t size) {
    char *clean = malloc(size * 3 + 1); /* U+FFFD takes three bytes */
    if (!clean) return NULL;
    size_t n = 0;
    for (size_t i = 0; i < size;) {
        const size_t step = text[i] ? gb_utf8_size(text + i, size - i) : 0;
        memcpy(clean + n, step ? text + i : "\xEF\xBF\xBD", step ? step : 3);
        n += step ? step : 3;
        i += step ? step : 1;
    }
    clean[n] = '\0';
    cJSON *json = cJSON_CreateString(clean);
    free(clean);
    return json;
}

void gb_json_add_text(cJSON *json, const char *name, const char *text, size_t size) {
    cJSON *item = gb_json_text(text, size);
    cJSON_AddItemToObject(json, name, item ? item : cJSON_CreateNull());
}

int gb_json_add_run(cJSON *json, const gb_run *run, gb_error *err) {
    static const char *const keys[] = {"run", "provenance", "machine"};
    gb_record *record = gb_record_new("model", "run", err);
    if (!record) return GB_ESYSTEM;
    gb_record_run(record, run);
    char *text = NULL;
    int rc = gb_record_print(record, &text, err);
    gb_record_free(record);
    if (rc) return rc;
    cJSON *parsed = cJSON_Parse(text);
    free(text);
    if (!parsed) return gb_fail(err, GB_ESYSTEM, "out of memory while writing JSON");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        cJSON_AddItemToObject(json, keys[i], cJSON_DetachItemFromObjectCaseSensitive(parsed, keys[i]));
    cJSON_Delete(parsed);
    return GB_OK;
}

int gb_engine_add_run(const gb_engine *e, const gb_run *run, cJSON *json, gb_error *err) {
    gb_run own = *run;
    const size_t room = sizeof own.cpus / sizeof own.cpus[0];
    const char *note = gb_pool_pin_note(e->pool);
    own.cpu_count = note ? 0 : e->cpu_count < room ? e->cpu_count : room;
    if (own.cpu_count) memcpy(own.cpus, e->cpus, own.cpu_count * sizeof *own.cpus);
    if (note) (void)snprintf(own.pin_note, sizeof own.pin_note, "%s", note);
    return gb_json_add_run(json, &own, err);
}

int gb_json_print(cJSON *json, gb_error *err) {
    char *text = cJSON_Print(json);
    cJSON_Delete(json);
    if (!text) return gb_fail(err, GB_ESYSTEM, "out of memory while writing JSON");
    puts(text);
    cJSON_free(text);
    return GB_OK;
}

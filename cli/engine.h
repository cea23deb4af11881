/* What the verbs that run models share: options, and the model with its tokenizer and threads. */
#ifndef GB_CLI_ENGINE_H
#define GB_CLI_ENGINE_H

#include <cJSON.h>
#include <stdbool.h>

#include "cli/cli.h"
#include "cli/place.h"
#include "model/context.h"
#include "model/llama.h"
#include "model/tokenizer.h"
#include "results/record.h"

typedef struct gb_engine_options {
    const char *model;
    const char *isa;
    size_t threads; /* 0: not given, until gb_engine_check_words */
    gb_place place;
    size_t n_ctx; /* 0: not given */
    size_t n_batch;
    gb_format kv;
    bool json;
    bool stand_in; /* only where nothing is timed */
} gb_engine_options;

#define GB_ENGINE_DEFAULTS                                                                                             \
    { .n_batch = 512, .kv = GB_FORMAT_f16 }

enum {
    GB_OPTION_ISA = 1000,
    GB_OPTION_KV,
    GB_OPTION_JSON,
    GB_OPTION_CHUNKS,
    GB_OPTION_OWN
}; /* a verb's own long options follow */
#define GB_ENGINE_SHORT ":m:t:c:b:"
#define GB_ENGINE_LONG                                                                                                 \
    {"model", required_argument, NULL, 'm'}, {"threads", required_argument, NULL, 't'},                                \
        {"ctx", required_argument, NULL, 'c'}, {"batch", required_argument, NULL, 'b'},                                \
        {"isa", required_argument, NULL, GB_OPTION_ISA}, {"kv", required_argument, NULL, GB_OPTION_KV}, GB_PLACE_LONG, \
    {                                                                                                                  \
        "json", no_argument, NULL, GB_OPTION_JSON                                                                      \
    }
#define GB_ENGINE_HELP                                                                                                 \
    "  -t, --threads T   threads (default: one per physical core of the fastest kind)\n" GB_PLACE_HELP                 \
    "  -b, --batch B     most tokens evaluated at once (default 512); never changes a result\n"                        \
    "      --kv TYPE     type of the KV cache: f16 (default), f32 or q8_0\n"                                           \
    "      --isa NAME    cap of the instruction set (or GAUGEBLOCK_ISA)\n"                                             \
    "      --json        one JSON object instead of text\n"

enum { GB_MAX_THREADS = 1024 };
/* Of verbs that do not measure: all CPUs that this process may use. */
size_t gb_default_threads(void);

/* Takes one of the options above. */
int gb_engine_option(gb_engine_options *o, int option, const char *value, gb_error *err);

/* No words but options, and a model: GB_EINPUT otherwise; and the default number of threads. Call after the options are
 * read. */
int gb_engine_check_words(gb_engine_options *o, int argc, char **argv, gb_error *err);

/* What the verbs that run a model over a text share besides: the text, in chunks. */
typedef struct gb_text_options {
    gb_engine_options engine;
    gb_run run;
    const char *file; /* of the text */
    size_t chunks;    /* 0: all */
} gb_text_options;
#define GB_TEXT_SHORT GB_ENGINE_SHORT "f:"
#define GB_TEXT_LONG                                                                                                   \
    GB_ENGINE_LONG, {"file", required_argument, NULL, 'f'}, {                                                          \
        "chunks", required_argument, NULL, GB_OPTION_CHUNKS                                                            \
    }
int gb_text_option(gb_text_options *o, int option, const char *value, gb_error *err);
/* As gb_engine_check_words; and a text. */
int gb_text_check_words(gb_text_options *o, int argc, char **argv, gb_error *err);

typedef struct gb_engine {
    gb_cap cap;
    gb_pool *pool;
    gb_llama *model;
    gb_tokenizer *tokenizer;
    int *cpus; /* that the threads are pinned to, or NULL: with neither --cpu-list nor --numa the system moves them */
    size_t cpu_count;
    char memory[256]; /* where the weights lie, if it was asked for; else empty */
} gb_engine;

/* On error nothing stays open. */
int gb_engine_open(const gb_engine_options *o, gb_engine *e, gb_error *err);
void gb_engine_close(gb_engine *e);

/* What a verb does with a model and the tokens of a text. */
typedef int gb_text_job(const gb_engine *e, const void *options, const int32_t *ids, size_t count, gb_error *err);
/* Reads a text ("-": standard input), opens the engine, encodes the text with BOS as the model wants, and does the job.
 */
int gb_engine_with_text(const gb_text_options *o, gb_text_job *job, const void *options, gb_error *err);
enum { GB_DEFAULT_CHUNK = 512 };
/* Tokens of a chunk: as given, or 512, or the model's context where that is shorter. */
size_t gb_engine_chunk(const gb_engine *e, const gb_engine_options *o);

/* Name of the best tier the cap allows: "avx2", "scalar", "reference". */
const char *gb_cap_tier(const gb_cap *cap);

/* The keys every record about a model run has: model, isa, threads, batch, kv; memory, if the place was given. */
void gb_engine_describe(const gb_engine *e, const gb_engine_options *o, cJSON *json);

/* A JSON string of text that may hold anything: NUL and bytes that are not UTF-8 become U+FFFD. NULL: out of memory. */
cJSON *gb_json_text(const char *text, size_t size);
/* Adds it; null if memory is out. */
void gb_json_add_text(cJSON *json, const char *name, const char *text, size_t size);

/* Adds what every result says about its making: run, provenance, machine, as results/record.h defines them. */
int gb_json_add_run(cJSON *json, const gb_run *run, gb_error *err);
/* The same, with the CPUs that the engine's threads are pinned to. */
int gb_engine_add_run(const gb_engine *e, const gb_run *run, cJSON *json, gb_error *err);

/* Prints and frees (NULL: out of memory); GB_ESYSTEM if the text could not be made. */
int gb_json_print(cJSON *json, gb_error *err);

#endif

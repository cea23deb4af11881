#include <cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/engine.h"
#include "model/foreign.h"
#include "model/gguf.h"
#include "model/recipe.h"

const char gb_help_info[] =
    "usage: gaugeblock info [--json] [--tensors] FILE.gguf\n"
    "\n"
    "What is in a GGUF file: architecture, metadata, tensors by type, parameters, size, bits per\n"
    "weight. The whole header is checked; tensor data is not read.\n"
    "\n"
    "  --tensors  list every tensor with sizes, type, offset and bytes\n"
    "  --json     for machines; arrays show their length and first values\n";

enum { SHOWN_ELEMENTS = 8 }; /* of an array */

/* --- values ------------------------------------------------------------------------------------------------------- */

/* The shortest decimal text that reads back as the same number. */
static void float_text(double v, bool is_f32, char *buf, size_t size) {
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(buf, size, "%.*g", digits, v);
        if (is_f32 ? strtof(buf, NULL) == (float)v : strtod(buf, NULL) == v) return;
    }
}

/* One scalar that is not a string, as JSON and people read it. */
static void scalar_text(gb_gguf_type type, const uint8_t *p, char *buf, size_t size) {
    union {
        uint8_t u8;
        int8_t i8;
        uint16_t u16;
        int16_t i16;
        uint32_t u32;
        int32_t i32;
        uint64_t u64;
        int64_t i64;
        float f32;
        double f64;
    } v = {0};
    static const uint8_t widths[GB_GGUF_TYPE_COUNT] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};
    memcpy(&v, p, widths[type]);
    switch (type) {
    case GB_GGUF_U8:
        snprintf(buf, size, "%u", v.u8);
        break;
    case GB_GGUF_I8:
        snprintf(buf, size, "%d", v.i8);
        break;
    case GB_GGUF_U16:
        snprintf(buf, size, "%u", v.u16);
        break;
    case GB_GGUF_I16:
        snprintf(buf, size, "%d", v.i16);
        break;
    case GB_GGUF_U32:
        snprintf(buf, size, "%" PRIu32, v.u32);
        break;
    case GB_GGUF_I32:
        snprintf(buf, size, "%" PRId32, v.i32);
        break;
    case GB_GGUF_U64:
        snprintf(buf, size, "%" PRIu64, v.u64);
        break;
    case GB_GGUF_I64:
        snprintf(buf, size, "%" PRId64, v.i64);
        break;
    case GB_GGUF_F32:
        float_text((double)v.f32, true, buf, size);
        break;
    case GB_GGUF_F64:
        float_text(v.f64, false, buf, size);
        break;
    default:
        snprintf(buf, size, "%s", v.u8 ? "true" : "false");
        break;
    }
}

static gb_str string_value(const gb_gguf_key *key) {
    return (gb_str){(const char *)key->value + 8, key->value_bytes - 8};
}

static size_t element_bytes(const gb_gguf_key *key) {
    return key->count ? key->value_bytes / (size_t)key->count : 0;
}

static size_t shown_count(const gb_gguf_key *key) {
    return key->count < SHOWN_ELEMENTS ? (size_t)key->count : SHOWN_ELEMENTS;
}

/* --- totals ------------------------------------------------------------------------------------------------------- */

typedef struct totals {
    uint64_t tensors[GB_FORMAT_COUNT], elements[GB_FORMAT_COUNT], bytes[GB_FORMAT_COUNT];
    uint64_t all_elements, all_bytes;
} totals;

static totals count_up(const gb_gguf *file) {
    totals sum = {0};
    for (size_t i = 0; i < file->tensor_count; i++) {
        const gb_tensor *t = &file->tensors[i];
        const uint64_t elements = gb_tensor_blocks(t) * gb_formats[t->format].block_elems;
        sum.tensors[t->format]++;
        sum.elements[t->format] += elements;
        sum.bytes[t->format] += t->bytes;
        if (gb_formats[t->format].is_weight) sum.all_elements += elements;
        sum.all_bytes += t->bytes;
    }
    return sum;
}

static double bits_per_weight(const totals *sum) {
    return sum->all_elements ? 8.0 * (double)sum->all_bytes / (double)sum->all_elements : 0;
}

static const char *file_type(const gb_gguf *file) {
    uint64_t number = 0;
    gb_error ignored;
    if (!gb_gguf_find_key(file, "general.file_type")) return "not stated";
    if (gb_gguf_get_u64(file, "general.file_type", &number, &ignored)) return "unreadable";
    const char *name = gb_file_type_name(number);
    return name ? name : "unknown";
}

/* Sizes of the architecture: label for people, key without the architecture's name. */
static const struct {
    const char *label, *key;
} facts[] = {
    {"layers", "block_count"},         {"embedding", "embedding_length"},       {"feed-forward", "feed_forward_length"},
    {"heads", "attention.head_count"}, {"KV heads", "attention.head_count_kv"}, {"context", "context_length"},
    {"experts", "expert_count"}};
enum { FACT_COUNT = sizeof facts / sizeof facts[0] };

static const gb_gguf_key *fact_key(const gb_gguf *file, gb_str arch, size_t i) {
    char name[160];
    snprintf(name, sizeof name, "%.*s.%s", arch.size < 64 ? (int)arch.size : 64, arch.data, facts[i].key);
    const gb_gguf_key *key = gb_gguf_find_key(file, name);
    return key && key->type != GB_GGUF_ARRAY && key->type != GB_GGUF_STRING ? key : NULL;
}

static uint64_t vocabulary(const gb_gguf *file) {
    const gb_gguf_key *key = gb_gguf_find_key(file, "tokenizer.ggml.tokens");
    return key ? key->count : 0;
}

/* --- for people --------------------------------------------------------------------------------------------------- */

static void print_value(const gb_gguf_key *key) {
    char buf[GB_SHOWN];
    if (key->type == GB_GGUF_STRING) {
        printf("\"%s\"", gb_str_show(string_value(key), buf));
    } else if (key->type != GB_GGUF_ARRAY) {
        scalar_text(key->type, key->value, buf, sizeof buf);
        fputs(buf, stdout);
    } else {
        printf("%" PRIu64 " x %s: [", key->count, gb_gguf_type_names[key->element]);
        for (size_t i = 0; i < shown_count(key); i++) {
            if (i) fputs(", ", stdout);
            if (key->element == GB_GGUF_STRING) {
                printf("\"%s\"", gb_str_show(key->strings[i], buf));
            } else {
                scalar_text(key->element, key->value + i * element_bytes(key), buf, sizeof buf);
                fputs(buf, stdout);
            }
        }
        fputs(key->count > SHOWN_ELEMENTS ? ", ...]" : "]", stdout);
    }
}

static void print_architecture(const gb_gguf *file, gb_str arch) {
    char buf[GB_SHOWN];
    printf("architecture: %s", arch.size ? gb_str_show(arch, buf) : "not stated");
    for (size_t i = 0; i < FACT_COUNT; i++) {
        const gb_gguf_key *key = fact_key(file, arch, i);
        if (!key) continue;
        scalar_text(key->type, key->value, buf, sizeof buf);
        printf(", %s %s", facts[i].label, buf);
    }
    printf(", vocabulary %" PRIu64 "\n", vocabulary(file));
}

static void print_tensors(const gb_gguf *file) {
    printf("\ntensors in file order:\n");
    for (size_t i = 0; i < file->tensor_count; i++) {
        const gb_tensor *t = &file->tensors[i];
        char name[GB_SHOWN];
        printf("  %-32s %-11s offset %-12" PRIu64 " bytes %-12" PRIu64 " ", gb_str_show(t->name, name),
               gb_formats[t->format].NAME, t->offset, t->bytes);
        for (uint32_t d = 0; d < t->dims; d++) printf("%s%" PRIu64, d ? " x " : "", t->ne[d]);
        putchar('\n');
    }
}

static void print_text(const gb_gguf *file, gb_str arch, bool tensors) {
    const totals sum = count_up(file);
    char name[GB_SHOWN];
    printf("%s: GGUF version %" PRIu32 ", %zu bytes, alignment %" PRIu64 ", data at %" PRIu64 "\n", file->path,
           file->version, file->map.size, file->alignment, file->data_offset);
    print_architecture(file, arch);
    printf("file type: %s, %" PRIu64 " parameters, tensor data %" PRIu64 " bytes, %.2f bits per weight\n",
           file_type(file), sum.all_elements, sum.all_bytes, bits_per_weight(&sum));
    printf("\nmetadata (%zu keys):\n", file->key_count);
    for (size_t i = 0; i < file->key_count; i++) {
        printf("  %-42s ", gb_str_show(file->keys[i].name, name));
        print_value(&file->keys[i]);
        putchar('\n');
    }
    printf("\ntensors (%zu):\n", file->tensor_count);
    for (int f = 0; f < GB_FORMAT_COUNT; f++)
        if (sum.tensors[f])
            printf("  %-11s %4" PRIu64 " tensors %14" PRIu64 " parameters %14" PRIu64 " bytes%s\n", gb_formats[f].NAME,
                   sum.tensors[f], sum.elements[f], sum.bytes[f],
                   gb_is_foreign((gb_format)f) ? " (gaugeblock's own type number)" : "");
    if (tensors) print_tensors(file);
}

/* --- for machines ------------------------------------------------------------------------------------------------- */

static cJSON *json_string(gb_str s) {
    return gb_json_text(s.data, s.size);
}

/* Raw text keeps all 64 bits of integers; NaN and infinities are no JSON numbers and become strings. */
static cJSON *json_scalar(gb_gguf_type type, const uint8_t *p) {
    char text[64];
    scalar_text(type, p, text, sizeof text);
    return strchr("-0123456789tf", text[0]) && strcmp(text, "-inf") != 0 && strcmp(text, "-nan") != 0
               ? cJSON_CreateRaw(text)
               : cJSON_CreateString(text);
}

static cJSON *json_value(const gb_gguf_key *key) {
    if (key->type == GB_GGUF_STRING) return json_string(string_value(key));
    if (key->type != GB_GGUF_ARRAY) return json_scalar(key->type, key->value);
    cJSON *array = cJSON_CreateObject();
    cJSON_AddStringToObject(array, "type", gb_gguf_type_names[key->element]);
    cJSON_AddNumberToObject(array, "count", (double)key->count);
    cJSON *first = cJSON_AddArrayToObject(array, "first");
    for (size_t i = 0; i < shown_count(key); i++)
        cJSON_AddItemToArray(first, key->element == GB_GGUF_STRING
                                        ? json_string(key->strings[i])
                                        : json_scalar(key->element, key->value + i * element_bytes(key)));
    return array;
}

static void add_number(cJSON *to, const char *name, uint64_t v) {
    cJSON_AddNumberToObject(to, name, (double)v); /* below 2^53: sizes of files and of what is in them */
}

/* Adds under a name that the file chose. */
static void add_named(cJSON *to, gb_str name, cJSON *item) {
    cJSON *text = json_string(name);
    if (text && item)
        cJSON_AddItemToObject(to, cJSON_GetStringValue(text), item);
    else
        cJSON_Delete(item);
    cJSON_Delete(text);
}

static void add_tensors(cJSON *to, const gb_gguf *file) {
    for (size_t i = 0; i < file->tensor_count; i++) {
        const gb_tensor *t = &file->tensors[i];
        cJSON *row = cJSON_CreateObject();
        cJSON_AddItemToObject(row, "name", json_string(t->name));
        cJSON_AddStringToObject(row, "type", gb_formats[t->format].NAME);
        cJSON *sizes = cJSON_AddArrayToObject(row, "sizes");
        for (uint32_t d = 0; d < t->dims; d++) cJSON_AddItemToArray(sizes, cJSON_CreateNumber((double)t->ne[d]));
        add_number(row, "offset", t->offset);
        add_number(row, "bytes", t->bytes);
        cJSON_AddItemToArray(to, row);
    }
}

static int print_json(const gb_gguf *file, gb_str arch, bool tensors, gb_error *err) {
    const totals sum = count_up(file);
    cJSON *root = cJSON_CreateObject();
    gb_json_add_text(root, "file", file->path, strlen(file->path));
    add_number(root, "version", file->version);
    add_number(root, "file_bytes", file->map.size);
    add_number(root, "alignment", file->alignment);
    add_number(root, "data_offset", file->data_offset);
    cJSON_AddItemToObject(root, "architecture", json_string(arch));
    for (size_t i = 0; i < FACT_COUNT; i++) {
        const gb_gguf_key *key = fact_key(file, arch, i);
        if (key) cJSON_AddItemToObject(root, facts[i].key, json_scalar(key->type, key->value));
    }
    add_number(root, "vocabulary", vocabulary(file));
    cJSON_AddStringToObject(root, "file_type", file_type(file));
    add_number(root, "parameters", sum.all_elements);
    add_number(root, "tensor_bytes", sum.all_bytes);
    cJSON_AddNumberToObject(root, "bits_per_weight", bits_per_weight(&sum));
    cJSON *metadata = cJSON_AddObjectToObject(root, "metadata");
    for (size_t i = 0; i < file->key_count; i++) add_named(metadata, file->keys[i].name, json_value(&file->keys[i]));
    cJSON *types = cJSON_AddObjectToObject(root, "types");
    for (int f = 0; f < GB_FORMAT_COUNT; f++) {
        if (!sum.tensors[f]) continue;
        cJSON *row = cJSON_AddObjectToObject(types, gb_formats[f].NAME);
        add_number(row, "tensors", sum.tensors[f]);
        add_number(row, "parameters", sum.elements[f]);
        add_number(row, "bytes", sum.bytes[f]);
    }
    if (tensors) add_tensors(cJSON_AddArrayToObject(root, "tensors"), file);
    return gb_json_print(root, err);
}

typedef struct arguments {
    bool json, tensors;
} arguments;

enum { JSON = 1, TENSORS };

static int take(void *into, int option, char *value, gb_error *err) {
    (void)value;
    (void)err;
    arguments *a = into;
    *(option == JSON ? &a->json : &a->tensors) = true;
    return GB_OK;
}

int gb_cmd_info(int argc, char **argv, gb_error *err) {
    static const struct option long_options[] = {
        {"json", no_argument, NULL, JSON}, {"tensors", no_argument, NULL, TENSORS}, {0}};
    arguments a = {0};
    int rc = gb_read_options(argc, argv, ":", long_options, take, &a, err);
    if (rc) return rc;
    if (argc - optind != 1)
        return gb_fail(err, GB_EINPUT, "expected one file, found %d words; see 'gaugeblock help info'", argc - optind);
    gb_gguf *file = NULL;
    gb_str arch = {0};
    rc = gb_gguf_open(argv[optind], &file, err);
    if (!rc) rc = gb_gguf_get_str_or(file, "general.architecture", "", &arch, err);
    if (!rc && a.json) rc = print_json(file, arch, a.tensors, err);
    if (!rc && !a.json) print_text(file, arch, a.tensors);
    gb_gguf_close(file);
    return rc;
}

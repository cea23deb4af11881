#include "convert/tokenizer_file.h"

#include <string.h>

#include "convert/sentencepiece.h"
#include "convert/tokenizer_json.h"
#include "harness/file.h"

enum { MAX_BYTES = 64 << 20 };

static int open_file(const char *path, gb_map *map, gb_error *err) {
    int rc = gb_map_open(path, map, err);
    if (!rc && map->size > MAX_BYTES)
        rc = gb_fail(err, GB_EINPUT, "%s: %zu bytes, expected a tokenizer of at most %d", path, map->size, MAX_BYTES);
    if (rc) gb_map_close(map);
    return rc;
}

/* A tokenizer.bin begins with the length of the longest token, of which the upper half is zero; a text has no zeros,
 * and a SentencePiece model begins with a piece. */
static gb_tokenizer_kind kind_of(const uint8_t *data, size_t size) {
    size_t i = 0;
    if (size >= 4 && data[2] == 0 && data[3] == 0) return GB_TOKENIZER_BIN;
    while (i < size && data[i] && strchr(" \t\r\n", data[i])) i++;
    if (i < size && data[i] == '{') return GB_TOKENIZER_JSON;
    return gb_sentencepiece_probe(data, size) ? GB_TOKENIZER_SPM : GB_TOKENIZER_NONE;
}

int gb_tokenizer_probe(const char *path, gb_tokenizer_kind *kind, gb_error *err) {
    gb_map map = {0};
    const int rc = open_file(path, &map, err);
    *kind = rc ? GB_TOKENIZER_NONE : kind_of(map.data, map.size);
    gb_map_close(&map);
    return rc;
}

static int read_json(const char *path, const gb_map *map, size_t model_vocab, gb_vocab *v, gb_json *json,
                     gb_notes *notes, gb_error *err) {
    int rc = gb_json_parse(path, (const char *)map->data, map->size, json, err);
    if (!rc) rc = gb_tokenizer_json_read(json, model_vocab, v, notes, err);
    if (rc) gb_json_close(json);
    return rc;
}

int gb_tokenizer_file_read(const char *path, size_t model_vocab, gb_vocab *v, gb_json *json, gb_notes *notes,
                           gb_error *err) {
    gb_map map = {0};
    *v = (gb_vocab){0};
    *json = (gb_json){0};
    int rc = open_file(path, &map, err);
    if (rc) return rc;
    switch (kind_of(map.data, map.size)) {
    case GB_TOKENIZER_SPM:
        rc = gb_sentencepiece_read(path, map.data, map.size, model_vocab, v, notes, err);
        break;
    case GB_TOKENIZER_JSON:
        rc = read_json(path, &map, model_vocab, v, json, notes, err);
        break;
    case GB_TOKENIZER_BIN:
        rc = gb_tokenizer_bin_read(path, map.data, map.size, model_vocab, v, err);
        break;
    default:
        rc = gb_fail(err, GB_EINPUT,
                     "%s: no tokenizer that is known: expected a SentencePiece model, a tokenizer.json or a llama2.c "
                     "tokenizer.bin",
                     path);
    }
    gb_map_close(&map);
    return rc;
}

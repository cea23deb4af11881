/* Hash tables of the tokenizers: open addressing, linear probing, XXH3, at most half full, built once and then only
 * read (so lookups from several threads are safe). */
#ifndef GB_MODEL_TOKEN_MAP_H
#define GB_MODEL_TOKEN_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"
#include "model/gguf.h"

/* Text -> index into an array of texts that the caller keeps alive and passes to every call. */
typedef struct gb_text_slot {
    uint32_t tag;   /* low half of the hash: most misses end here without touching the text */
    uint32_t entry; /* index + 1; 0 = free */
} gb_text_slot;
typedef struct gb_text_map {
    gb_text_slot *slots;
    size_t mask;
} gb_text_map;

/* Room for `entries` texts, at most 2^31 - 1. Freed by gb_text_map_free, also after a failure. */
int gb_text_map_new(gb_text_map *map, size_t entries, gb_error *err);
void gb_text_map_free(gb_text_map *map);
/* Enters texts[index]. Returns the index of an equal text that is there already (and enters nothing), or -1. */
int32_t gb_text_map_add(gb_text_map *map, const gb_str *texts, uint32_t index);
/* The index, or -1. */
int32_t gb_text_map_find(const gb_text_map *map, const gb_str *texts, const char *data, size_t size);

/* Ordered pair of token ids (both >= 0) -> rank and merged token. */
typedef struct gb_pair_slot {
    uint64_t key; /* left << 32 | right; UINT64_MAX = free */
    uint32_t rank;
    int32_t merged;
} gb_pair_slot;
typedef struct gb_pair_map {
    gb_pair_slot *slots;
    size_t mask;
} gb_pair_map;

int gb_pair_map_new(gb_pair_map *map, size_t entries, gb_error *err);
void gb_pair_map_free(gb_pair_map *map);
/* false if the pair is there already (nothing changes). */
bool gb_pair_map_add(gb_pair_map *map, int32_t left, int32_t right, uint32_t rank, int32_t merged);
/* NULL if absent. */
const gb_pair_slot *gb_pair_map_find(const gb_pair_map *map, int32_t left, int32_t right);

#endif

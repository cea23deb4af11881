#include "model/token_map.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "harness/alloc.h"

/* Smallest power of two that leaves half of the slots free. entries <= INT32_MAX, so it cannot overflow. */
static size_t slots_for(size_t entries) {
    size_t n = 16;
    while (n < 2 * entries) n *= 2;
    return n;
}

int gb_text_map_new(gb_text_map *map, size_t entries, gb_error *err) {
    const size_t n = slots_for(entries);
    map->mask = n - 1;
    map->slots = gb_new(n, sizeof *map->slots, "table of tokens", err);
    return map->slots ? GB_OK : GB_ESYSTEM;
}

void gb_text_map_free(gb_text_map *map) {
    free(map->slots);
    map->slots = NULL;
}

/* The slot that holds the text, or the free slot where it belongs. */
static gb_text_slot *text_slot(const gb_text_map *map, const gb_str *texts, const char *data, size_t size,
                               uint32_t *tag) {
    const uint64_t hash = XXH3_64bits(data, size);
    *tag = (uint32_t)hash;
    for (size_t i = (size_t)(hash >> 32) & map->mask;; i = (i + 1) & map->mask) {
        gb_text_slot *s = &map->slots[i];
        if (s->entry == 0) return s;
        if (s->tag != *tag) continue;
        const gb_str *t = &texts[s->entry - 1];
        if (t->size == size && memcmp(t->data, data, size) == 0) return s;
    }
}

int32_t gb_text_map_add(gb_text_map *map, const gb_str *texts, uint32_t index) {
    uint32_t tag;
    gb_text_slot *s = text_slot(map, texts, texts[index].data, texts[index].size, &tag);
    if (s->entry) return (int32_t)(s->entry - 1);
    *s = (gb_text_slot){.tag = tag, .entry = index + 1};
    return -1;
}

int32_t gb_text_map_find(const gb_text_map *map, const gb_str *texts, const char *data, size_t size) {
    uint32_t tag;
    return (int32_t)text_slot(map, texts, data, size, &tag)->entry - 1;
}

static uint64_t pair_key(int32_t left, int32_t right) {
    return (uint64_t)(uint32_t)left << 32 | (uint32_t)right;
}

static gb_pair_slot *pair_slot(const gb_pair_map *map, uint64_t key) {
    size_t i = (size_t)XXH3_64bits(&key, sizeof key) & map->mask;
    while (map->slots[i].key != key && map->slots[i].key != UINT64_MAX) i = (i + 1) & map->mask;
    return &map->slots[i];
}

int gb_pair_map_new(gb_pair_map *map, size_t entries, gb_error *err) {
    const size_t n = slots_for(entries);
    map->mask = n - 1;
    map->slots = gb_new(n, sizeof *map->slots, "table of merges", err);
    if (!map->slots) return GB_ESYSTEM;
    for (size_t i = 0; i < n; i++) map->slots[i].key = UINT64_MAX;
    return GB_OK;
}

void gb_pair_map_free(gb_pair_map *map) {
    free(map->slots);
    map->slots = NULL;
}

bool gb_pair_map_add(gb_pair_map *map, int32_t left, int32_t right, uint32_t rank, int32_t merged) {
    const uint64_t key = pair_key(left, right);
    gb_pair_slot *s = pair_slot(map, key);
    if (s->key == key) return false;
    *s = (gb_pair_slot){.key = key, .rank = rank, .merged = merged};
    return true;
}

const gb_pair_slot *gb_pair_map_find(const gb_pair_map *map, int32_t left, int32_t right) {
    const gb_pair_slot *s = pair_slot(map, pair_key(left, right));
    return s->key == UINT64_MAX ? NULL : s;
}

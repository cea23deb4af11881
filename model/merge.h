/* Greedy merging of neighbours, the core of both tokenizers: of all neighbouring pairs that may merge, the one with the
 * smallest order merges first, the leftmost of equals; until no pair may. A heap of candidates with lazy removal makes
 * it O(n log n) for any text. */
#ifndef GB_MODEL_MERGE_H
#define GB_MODEL_MERGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/error.h"

typedef struct gb_symbol {
    uint32_t start, size; /* bytes of the text; size 0: merged into a symbol to the left */
    int32_t next;         /* index of the right neighbour, -1 at the end */
    int32_t prev;
    int32_t id; /* token, -1 if the text of the symbol is none */
} gb_symbol;

typedef struct gb_candidate {
    uint64_t key;  /* order << 32 | index of the left symbol: one comparison gives order, then leftmost */
    uint32_t size; /* bytes of both symbols when the candidate was made; another sum means that it is stale */
    int32_t id;    /* of the merged symbol */
} gb_candidate;

/* Scratch memory, reused from word to word. All zero is a valid start. */
typedef struct gb_merger {
    gb_symbol *symbols;
    size_t count, room;
    gb_candidate *heap;
    size_t heap_count, heap_room;
} gb_merger;

/* May left and right (neighbours) merge? Then fills order (smaller first) and the id of the result. */
typedef bool gb_merge_rule(const void *ctx, const gb_symbol *left, const gb_symbol *right, uint32_t *order,
                           int32_t *id);

void gb_merger_clear(gb_merger *m); /* forget the symbols, keep the memory */
void gb_merger_free(gb_merger *m);
/* Appends a symbol; start must be the end of the one before. */
int gb_merger_push(gb_merger *m, size_t start, size_t size, int32_t id, gb_error *err);
/* Merges; then walk the result from symbols[0] along next. */
int gb_merger_run(gb_merger *m, gb_merge_rule *rule, const void *ctx, gb_error *err);

#endif

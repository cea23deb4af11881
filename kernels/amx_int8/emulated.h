/* Tiles in C, after the operation that Intel's manual gives for each instruction. Where the CPU would fault (#GP for a
 * configuration, #UD for tiles that do not fit together), the process ends with a message: kernels that pass here must
 * not fault there. A thread has its own tiles, as on the CPU. */
#ifndef GB_AMX_INT8_EMULATED_H
#define GB_AMX_INT8_EMULATED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__clang__)
#define GB_EMULATED __attribute__((noinline, unused)) /* it knows no noclone */
#else
#define GB_EMULATED __attribute__((noinline, noclone, unused))
#endif
enum { GB_EMULATED_ROWS = 16, GB_EMULATED_BYTES = 64 };

typedef struct gb_emulated_tile {
    size_t rows, colsb; /* 0: not configured */
    _Alignas(64) uint8_t byte[GB_EMULATED_ROWS][GB_EMULATED_BYTES];
} gb_emulated_tile;

static _Thread_local struct {
    int configured;
    gb_emulated_tile tile[GB_TILES];
} gb_emulated;

static GB_EMULATED void gb_emulated_must(int holds, const char *instruction, const char *fault) {
    if (holds) return;
    fprintf(stderr, "emulated %s: %s\n", instruction, fault);
    abort();
}

static inline void gb_emulated_release(void) {
    memset(&gb_emulated, 0, sizeof gb_emulated);
}

static inline int gb_emulated_all_zero(const void *p, size_t n) {
    const uint8_t *byte = p;
    for (size_t i = 0; i < n; i++)
        if (byte[i]) return 0;
    return 1;
}

static GB_EMULATED void gb_emulated_config(const gb_tile_config *c) {
    static const char name[] = "LDTILECFG";
    gb_emulated_must(c->palette <= 1, name, "#GP: there is no such palette");
    gb_emulated_must(gb_emulated_all_zero(c->reserved, sizeof c->reserved), name, "#GP: reserved bytes are not zero");
    gb_emulated_must(gb_emulated_all_zero(c->colsb + GB_TILES, sizeof c->colsb / 2) &&
                         gb_emulated_all_zero(c->rows + GB_TILES, sizeof c->rows / 2),
                     name, "#GP: more tiles than the palette has");
    gb_emulated_must(c->start_row == 0, name, "a start row is no kernel's business");
    gb_emulated_release();
    if (c->palette == 0) return;
    for (size_t t = 0; t < GB_TILES; t++) {
        gb_emulated_must(c->rows[t] <= GB_EMULATED_ROWS, name, "#GP: more than 16 rows");
        gb_emulated_must(c->colsb[t] <= GB_EMULATED_BYTES, name, "#GP: more than 64 bytes a row");
        gb_emulated_must((c->rows[t] == 0) == (c->colsb[t] == 0), name,
                         "#GP: rows without bytes, or bytes without rows");
        gb_emulated.tile[t].rows = c->rows[t];
        gb_emulated.tile[t].colsb = c->colsb[t];
    }
    gb_emulated.configured = 1;
}

static GB_EMULATED gb_emulated_tile *gb_emulated_at(size_t t, const char *instruction) {
    gb_emulated_must(gb_emulated.configured, instruction, "#UD: tiles are not configured");
    gb_emulated_must(t < GB_TILES && gb_emulated.tile[t].rows != 0, instruction, "#UD: this tile is not configured");
    return &gb_emulated.tile[t];
}

static GB_EMULATED void gb_emulated_zero(size_t t) {
    gb_emulated_tile *tile = gb_emulated_at(t, "TILEZERO");
    memset(tile->byte, 0, sizeof tile->byte);
}

/* Only the configured rows and bytes are read; the rest of the tile becomes zero. */
static GB_EMULATED void gb_emulated_load(size_t t, const void *p, size_t stride) {
    gb_emulated_tile *tile = gb_emulated_at(t, "TILELOADD");
    memset(tile->byte, 0, sizeof tile->byte);
    for (size_t r = 0; r < tile->rows; r++) memcpy(tile->byte[r], (const uint8_t *)p + r * stride, tile->colsb);
}

static GB_EMULATED void gb_emulated_store(size_t t, void *p, size_t stride) {
    const gb_emulated_tile *tile = gb_emulated_at(t, "TILESTORED");
    for (size_t r = 0; r < tile->rows; r++) memcpy((uint8_t *)p + r * stride, tile->byte[r], tile->colsb);
}

static inline int32_t gb_emulated_byte(uint8_t byte, int is_signed) {
    return is_signed ? (int8_t)byte : byte;
}

/* c[m][n] += sum of a[m][4k + i] * b[k][4n + i]; sums of dwords wrap. */
static GB_EMULATED void gb_emulated_dot(size_t c, size_t a, size_t b, int a_signed, int b_signed) {
    static const char name[] = "TDPB..D";
    gb_emulated_tile *to = gb_emulated_at(c, name);
    const gb_emulated_tile *left = gb_emulated_at(a, name);
    const gb_emulated_tile *right = gb_emulated_at(b, name);
    gb_emulated_must(c != a && c != b && a != b, name, "#UD: a tile is named twice");
    gb_emulated_must(to->colsb % 4 == 0 && left->colsb % 4 == 0 && right->colsb % 4 == 0, name,
                     "#UD: rows are not whole dwords");
    gb_emulated_must(to->rows == left->rows && to->colsb == right->colsb && left->colsb / 4 == right->rows, name,
                     "#UD: the shapes of the tiles do not fit together");
    for (size_t m = 0; m < to->rows; m++) {
        uint32_t sum[GB_EMULATED_BYTES / 4];
        memcpy(sum, to->byte[m], sizeof sum);
        for (size_t k = 0; k < right->rows; k++)
            for (size_t n = 0; n < to->colsb / 4; n++)
                for (size_t i = 0; i < 4; i++)
                    sum[n] += (uint32_t)(gb_emulated_byte(left->byte[m][4 * k + i], a_signed) *
                                         gb_emulated_byte(right->byte[k][4 * n + i], b_signed));
        memcpy(to->byte[m], sum, to->colsb);
    }
    for (size_t m = to->rows; m < GB_EMULATED_ROWS; m++) memset(to->byte[m], 0, GB_EMULATED_BYTES);
}

#endif

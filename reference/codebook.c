#include "reference/codebook.h"

#include <float.h>
#include <pthread.h>
#include <string.h>

#define GB_PT(levels) levels,
const uint16_t gb_grid_iq1[2048] = {
#include "reference/grids/iq1.def"
};
const uint16_t gb_grid_iq2_xxs[256] = {
#include "reference/grids/iq2_xxs.def"
};
const uint16_t gb_grid_iq2_xs[512] = {
#include "reference/grids/iq2_xs.def"
};
const uint16_t gb_grid_iq2_s[1024] = {
#include "reference/grids/iq2_s.def"
};
const uint16_t gb_grid_iq3_xxs[256] = {
#include "reference/grids/iq3_xxs.def"
};
const uint16_t gb_grid_iq3_s[512] = {
#include "reference/grids/iq3_s.def"
};
#undef GB_PT

enum { MAX_POINTS = 2048, MAX_DISTANCE = 4 * 7 * 7 }; /* squared, in levels: four of 0..7, or eight of 0..2 */

static int is_key(const gb_codebook *b, unsigned packed) {
    for (size_t i = 0; i < b->dims; i++)
        if (gb_level_at(packed, b->bits, i) >= b->levels) return 0;
    return 1;
}

static unsigned distance(const gb_codebook *b, unsigned key, unsigned point) {
    unsigned sum = 0;
    for (size_t i = 0; i < b->dims; i++) {
        const int d = (int)gb_level_at(key, b->bits, i) - (int)gb_level_at(point, b->bits, i);
        sum += (unsigned)(d * d);
    }
    return sum;
}

/* Appends the candidates of a key: all points at the nearest distance, then all at the next ... */
static void list_candidates(gb_codebook *b, unsigned key) {
    uint8_t of_point[MAX_POINTS];
    uint8_t occurs[MAX_DISTANCE + 1] = {0};
    for (size_t p = 0; p < b->points; p++) {
        of_point[p] = (uint8_t)distance(b, key, b->grid[p]);
        occurs[of_point[p]] = 1;
    }
    uint16_t *list = b->candidate + b->used;
    uint16_t count = 0;
    unsigned left = b->distances;
    for (unsigned d = 0; d <= MAX_DISTANCE && left; d++) {
        if (!occurs[d]) continue;
        left--;
        for (size_t p = 0; p < b->points; p++)
            if (of_point[p] == d) list[++count] = (uint16_t)p;
    }
    list[0] = count;
    b->place[key] = -1 - (int32_t)b->used;
    b->used += 1U + count;
}

static void build(gb_codebook *b) {
    const unsigned keys = 1U << (b->bits * b->dims);
    for (size_t p = 0; p < b->points; p++) b->place[b->grid[p]] = (int32_t)p + 1; /* + 1: 0 is not a point yet */
    for (unsigned key = 0; key < keys; key++) {
        if (b->place[key] > 0)
            b->place[key]--;
        else if (is_key(b, key))
            list_candidates(b, key);
    }
}

#define GB_CODEBOOK(name, points_, dims_, bits_, levels_, distances_, room)                                            \
    static int32_t place_##name[1U << ((bits_) * (dims_))];                                                            \
    static uint16_t candidates_##name[room];                                                                           \
    static gb_codebook book_##name = {.grid = gb_grid_##name,                                                          \
                                      .points = points_,                                                               \
                                      .dims = dims_,                                                                   \
                                      .bits = bits_,                                                                   \
                                      .levels = levels_,                                                               \
                                      .distances = distances_,                                                         \
                                      .place = place_##name,                                                           \
                                      .candidate = candidates_##name};                                                 \
    static void build_##name(void) {                                                                                   \
        build(&book_##name);                                                                                           \
    }                                                                                                                  \
    const gb_codebook *gb_codebook_##name(void) {                                                                      \
        static pthread_once_t once = PTHREAD_ONCE_INIT;                                                                \
        (void)pthread_once(&once, build_##name);                                                                       \
        return &book_##name;                                                                                           \
    }
GB_CODEBOOKS(GB_CODEBOOK)
#undef GB_CODEBOOK

static float misfit(const gb_codebook *b, size_t point, const float *value, float scale, const float *x,
                    const float *weight) {
    float sum = 0.0F;
    for (size_t i = 0; i < b->dims; i++) {
        const float d = scale * value[gb_level_at(b->grid[point], b->bits, i)] - x[i];
        sum = sum + weight[i] * d * d;
    }
    return sum;
}

size_t gb_codebook_find(const gb_codebook *b, unsigned key, const float *value, float scale, const float *x,
                        const float *weight, int *on_grid) {
    const int32_t place = b->place[key];
    if (on_grid) *on_grid = place >= 0;
    if (place >= 0) return (size_t)place;
    const uint16_t *list = b->candidate + (-1 - place);
    size_t found = list[1];
    float least = FLT_MAX;
    for (size_t c = 1; c <= list[0]; c++) {
        const float sum = misfit(b, list[c], value, scale, x, weight);
        if (sum < least) {
            least = sum;
            found = list[c];
        }
    }
    return found;
}

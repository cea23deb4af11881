/* The grids of the i-quants, against digests of ggml's tables taken beforehand, and the maps that follow from them. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "reference/codebook.h"
#include "tests/support/suite.h"

typedef struct row {
    const char *name;
    const uint16_t *grid;
    const gb_codebook *(*book)(void);
    size_t points, dims, room;
    unsigned bits, levels, distances;
} row;

static const row rows[] = {
#define GB_ROW(name, points, dims, bits, levels, distances, room)                                                      \
    {#name, gb_grid_##name, gb_codebook_##name, points, dims, room, bits, levels, distances},
    GB_CODEBOOKS(GB_ROW)
#undef GB_ROW
};
enum { ROWS = sizeof rows / sizeof rows[0] };

/* XXH3-128 of all levels, one byte each, point by point. */
static const struct {
    const char *name, *digest;
} known[] = {
    {"iq1", "ef11f92389cc0a72de9f38df92394501"},     {"iq2_xxs", "4e2e76b429aee9cfde180f6498153997"},
    {"iq2_xs", "ef445f79da8bcc54aaa066c4cd2c05b0"},  {"iq2_s", "0ecbb58cb3a55969c0f9e31b30dc137b"},
    {"iq3_xxs", "53849c926e949efa904f30d2d44cc2d1"}, {"iq3_s", "5746d5624d51593ba3bcf3c929a7bba5"},
};

/* Catches: one wrong number in a table. (A grid that was wrong in 150 places lived for months in an inference engine,
 * behind a tolerance of 4 %.) */
START_TEST(numbers_are_the_known_ones) {
    const row *r = &rows[_i];
    uint8_t levels[1 << 14];
    for (size_t p = 0; p < r->points; p++) {
        if (p > 0) ck_assert_uint_gt(r->grid[p], r->grid[p - 1]);
        for (size_t i = 0; i < r->dims; i++) {
            levels[p * r->dims + i] = (uint8_t)gb_level_at(r->grid[p], r->bits, i);
            ck_assert_uint_lt(levels[p * r->dims + i], r->levels);
        }
    }
    const XXH128_hash_t h = XXH3_128bits(levels, r->points * r->dims);
    char digest[33];
    (void)snprintf(digest, sizeof digest, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
    ck_assert_str_eq(known[_i].name, r->name);
    ck_assert_str_eq(known[_i].digest, digest);
}
END_TEST

typedef struct neighbour {
    unsigned distance, point;
} neighbour;

static int nearer(const void *a, const void *b) {
    const neighbour *x = a;
    const neighbour *y = b;
    if (x->distance != y->distance) return x->distance < y->distance ? -1 : 1;
    return x->point < y->point ? -1 : x->point > y->point;
}

/* The candidates by sorting all points. */
static size_t by_sorting(const row *r, unsigned key, neighbour *all) {
    for (unsigned p = 0; p < r->points; p++) {
        all[p] = (neighbour){0, p};
        for (size_t i = 0; i < r->dims; i++) {
            const int d = (int)gb_level_at(r->grid[p], r->bits, i) - (int)gb_level_at(key, r->bits, i);
            all[p].distance += 4U * (unsigned)(d * d); /* of the odd numbers 2 * level + 1 */
        }
    }
    qsort(all, r->points, sizeof *all, nearer);
    size_t count = 0;
    unsigned changes = 0;
    while (count < r->points) {
        if (count == 0 || all[count].distance != all[count - 1].distance) changes++;
        if (changes > r->distances) break;
        count++;
    }
    return count;
}

/* Catches: a key without a point or candidates, a wrong order of candidates (the first of equals wins), lists that do
 * not fit their static room, or room that nothing needs. */
START_TEST(maps_are_complete) {
    static neighbour all[2048];
    const row *r = &rows[_i];
    const gb_codebook *b = r->book();
    ck_assert_uint_eq(b->used, r->room);
    size_t lists = 0;
    for (unsigned key = 0; key < 1U << (r->bits * r->dims); key++) {
        int valid = 1;
        for (size_t i = 0; i < r->dims; i++) valid &= gb_level_at(key, r->bits, i) < r->levels;
        if (!valid) continue;
        if (b->place[key] >= 0) {
            ck_assert_uint_eq(r->grid[b->place[key]], key);
            continue;
        }
        if (lists++ % 5 != 0) continue;
        const uint16_t *list = b->candidate + (-1 - b->place[key]);
        const size_t count = by_sorting(r, key, all);
        ck_assert_uint_eq(list[0], count);
        for (size_t c = 0; c < count; c++) ck_assert_uint_eq(list[1 + c], all[c].point);
    }
    ck_assert_uint_gt(lists, 1000);
}
END_TEST

static void *first_use(void *ctx) {
    const row *r = ctx;
    const gb_codebook *b = r->book();
    return b->used == r->room ? NULL : ctx;
}

/* Catches: a map that a second thread sees half built. (Every test runs in a process of its own: nobody asked before.)
 */
START_TEST(threads_may_ask_at_once) {
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, first_use, (void *)(uintptr_t)&rows[_i]), 0);
    for (size_t i = 0; i < 4; i++) {
        void *bad = NULL;
        ck_assert_int_eq(pthread_join(threads[i], &bad), 0);
        ck_assert_ptr_null(bad);
    }
}
END_TEST

static unsigned an_off_grid_key(const gb_codebook *b) {
    unsigned key = 0;
    while (b->place[key] >= 0) key++;
    return key;
}

/* Catches: an encoder that finds no point for numbers beyond all reason, where ggml aborts. */
START_TEST(there_always_is_a_point) {
    static const float odd[8] = {1.0F, 3.0F, 5.0F, 7.0F, 9.0F, 11.0F, 13.0F, 15.0F};
    static const float wild[] = {NAN, INFINITY, -INFINITY, FLT_MAX};
    const gb_codebook *b = rows[_i].book();
    const unsigned key = an_off_grid_key(b);
    const size_t first = b->candidate[-b->place[key]];
    float ones[8];
    float x[8];
    for (size_t i = 0; i < 8; i++) ones[i] = 1.0F;
    for (size_t w = 0; w < sizeof wild / sizeof wild[0]; w++) {
        int on_grid = 1;
        for (size_t i = 0; i < 8; i++) x[i] = wild[w];
        ck_assert_uint_eq(gb_codebook_find(b, key, odd, 1.0F, x, ones, &on_grid), first);
        ck_assert_int_eq(on_grid, 0);
    }
    /* the point itself, where the elements are a candidate's numbers exactly */
    const size_t second = b->candidate[1 - b->place[key]];
    for (size_t i = 0; i < b->dims; i++) x[i] = odd[gb_level_at(b->grid[second], b->bits, i)];
    ck_assert_uint_eq(gb_codebook_find(b, key, odd, 1.0F, x, ones, NULL), second);
    ck_assert_uint_eq(gb_codebook_find(b, b->grid[second], odd, 1.0F, x, ones, NULL), second);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("grids");
    TCase *c = tcase_create("grids");
    tcase_set_timeout(c, 120);
    tcase_add_loop_test(c, numbers_are_the_known_ones, 0, ROWS);
    tcase_add_loop_test(c, maps_are_complete, 0, ROWS);
    tcase_add_loop_test(c, threads_may_ask_at_once, 0, ROWS);
    tcase_add_loop_test(c, there_always_is_a_point, 0, ROWS);
    suite_add_tcase(suite, c);
    return run_suite(suite);
}

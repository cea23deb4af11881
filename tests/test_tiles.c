/* kernels/amx_int8/emulated.h: tiles in C that are not those of the CPU would prove nothing of the kernels that pass on
 * them. Expected numbers are worked out by hand from the instructions' operation. */
#include <check.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>

#ifndef GB_STAND_IN
#define GB_STAND_IN 1
#endif
#include "kernels/amx_int8/tile.h"
#include "tests/support/suite.h"

enum { UNSIGNED = 0, SIGNED = 1 };

/* Tiles 0 to 3: sums, m x n dwords; 4 and 5: left, m x k bytes; 6 and 7: right. */
static gb_tile_config config_of(size_t m, size_t n, size_t k) {
    gb_tile_config c = {.palette = 1};
    for (size_t t = 0; t < GB_TILES; t++) {
        c.rows[t] = (uint8_t)(t >= 6 ? k / 4 : m);
        c.colsb[t] = (uint16_t)(t == 4 || t == 5 ? k : 4 * n);
    }
    return c;
}

static void configure(size_t m, size_t n, size_t k) {
    const gb_tile_config c = config_of(m, n, k);
    GB_TILE_CONFIG(&c);
}

/* Catches rows taken for columns on either side, a wrong order of the four bytes of a dword, sums begun anew. */
START_TEST(worked_by_hand) {
    static const int8_t left[2][8] = {{1, 2, 3, 4, 5, 6, 7, 8}, {-1, 0, 0, 0, 0, 0, 0, 100}};
    /* row k: elements 4k .. 4k + 3 of the left, four bytes for each of three columns */
    static const int8_t right[2][12] = {{1, 1, 1, 1, 1, 0, 0, 0, -2, 0, 0, 5}, {1, 1, 1, 1, 0, 0, 0, 1, 3, 0, 0, -7}};
    /* row 0: 36, 1 + 8, -2 + 20 + 15 - 56; row 1: -1 + 100, -1 + 100, 2 - 700 */
    static const int32_t product[2][3] = {{36, 9, -23}, {99, 99, -698}};
    static const int32_t start[2][3] = {{1000, 0, 0}, {0, 0, -2}};
    int32_t sum[2][3];
    configure(2, 3, 8);
    GB_TILE_LOAD(0, start, 12);
    GB_TILE_LOAD(4, left, 8);
    GB_TILE_LOAD(6, right, 12);
    GB_TILE_DOT_SS(0, 4, 6);
    GB_TILE_STORE(0, sum, 12);
    for (size_t m = 0; m < 2; m++)
        for (size_t n = 0; n < 3; n++) ck_assert_int_eq(sum[m][n], start[m][n] + product[m][n]);
    GB_TILE_ZERO(0);
    GB_TILE_STORE(0, sum, 12);
    ck_assert_int_eq(sum[1][2], 0);
    GB_TILE_RELEASE();
}
END_TEST

/* Catches a byte read with the wrong sign and sums that saturate in sixteen bits, for every pair of signs. */
START_TEST(extreme_bytes) {
    static const struct {
        uint8_t left, right;
        int left_sign, right_sign;
        int32_t sum; /* of 64 products */
    } cases[] = {
        {0x80, 0x80, SIGNED, SIGNED, 1048576},    /* -128 * -128 */
        {0x80, 0x7f, SIGNED, SIGNED, -1040384},   /* -128 * 127 */
        {0xff, 0xff, SIGNED, SIGNED, 64},         /* -1 * -1 */
        {0x80, 0xff, SIGNED, UNSIGNED, -2088960}, /* -128 * 255 */
        {0x7f, 0xff, SIGNED, UNSIGNED, 2072640},  /* 127 * 255 */
        {0xff, 0x80, UNSIGNED, SIGNED, -2088960},  {0xff, 0xff, UNSIGNED, SIGNED, -16320},
        {0xff, 0xff, UNSIGNED, UNSIGNED, 4161600}, /* 255 * 255 */
        {0x80, 0x80, UNSIGNED, UNSIGNED, 1048576},
    };
    uint8_t left[GB_TILE_ROWS][GB_TILE_BYTES];
    uint8_t right[GB_TILE_ROWS][GB_TILE_BYTES];
    int32_t sum[GB_TILE_ROWS][16];
    configure(16, 16, 64);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(left, cases[i].left, sizeof left);
        memset(right, cases[i].right, sizeof right);
        GB_TILE_ZERO(1);
        GB_TILE_LOAD(5, left, 64);
        GB_TILE_LOAD(7, right, 64);
        gb_emulated_dot(1, 5, 7, cases[i].left_sign, cases[i].right_sign);
        GB_TILE_STORE(1, sum, 64);
        for (size_t m = 0; m < 16; m++)
            for (size_t n = 0; n < 16; n++) ck_assert_msg(sum[m][n] == cases[i].sum, "case %zu: %d", i, sum[m][n]);
    }
    memset(left, 0x80, sizeof left);
    memset(right, 0xff, sizeof right);
    GB_TILE_LOAD(4, left, 64);
    GB_TILE_LOAD(6, right, 64);
    GB_TILE_ZERO(2);
    GB_TILE_ZERO(3);
    GB_TILE_DOT_SU(2, 4, 6); /* the two that kernels use */
    GB_TILE_DOT_SS(3, 4, 6);
    GB_TILE_STORE(2, sum, 64);
    ck_assert_int_eq(sum[15][15], -2088960);
    GB_TILE_STORE(3, sum, 64);
    ck_assert_int_eq(sum[15][15], 8192);
}
END_TEST

/* Catches sums that saturate at 32 bits: VPDPBUSDS does, these do not. */
START_TEST(sums_wrap) {
    static const int32_t start[2] = {INT32_MAX, INT32_MIN};
    static const int8_t left[4] = {1, 0, 0, 0};
    static const int8_t right[8] = {1, 0, 0, 0, -1, 0, 0, 0};
    int32_t sum[2];
    configure(1, 2, 4);
    GB_TILE_LOAD(0, start, 8);
    GB_TILE_LOAD(4, left, 4);
    GB_TILE_LOAD(6, right, 8);
    GB_TILE_DOT_SS(0, 4, 6);
    GB_TILE_STORE(0, sum, 8);
    ck_assert_int_eq(sum[0], INT32_MIN);
    ck_assert_int_eq(sum[1], INT32_MAX);
}
END_TEST

/* Catches a load or store of more than the configured rows and bytes, and a stride that is ignored. */
START_TEST(extents) {
    uint8_t from[3][80];
    uint8_t to[4][40];
    gb_tile_config c = config_of(3, 5, 64);
    memset(from, 0xee, sizeof from);
    memset(to, 0x55, sizeof to);
    for (size_t r = 0; r < 3; r++)
        for (size_t i = 0; i < 20; i++) from[r][i] = (uint8_t)(32 * r + i);
    GB_TILE_CONFIG(&c);
    GB_TILE_LOAD(0, from, 80);
    GB_TILE_STORE(0, to, 40);
    for (size_t r = 0; r < 4; r++)
        for (size_t i = 0; i < 40; i++) ck_assert_uint_eq(to[r][i], r < 3 && i < 20 ? 32 * r + i : 0x55);
}
END_TEST

static void *other_thread(void *ctx) {
    int32_t *seen = ctx;
    configure(1, 1, 4);
    GB_TILE_ZERO(0);
    GB_TILE_STORE(0, seen, 4);
    return NULL;
}

/* Catches tiles shared by threads: on the CPU every thread has its own, and kernels rely on it. */
START_TEST(tiles_of_a_thread) {
    static const int32_t mine = 77;
    int32_t seen[2] = {-1, -1};
    pthread_t thread;
    configure(1, 1, 4);
    GB_TILE_LOAD(0, &mine, 4);
    ck_assert_int_eq(pthread_create(&thread, NULL, other_thread, seen), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    GB_TILE_STORE(0, seen + 1, 4);
    ck_assert_int_eq(seen[0], 0);
    ck_assert_int_eq(seen[1], 77);
}
END_TEST

/* --- what the CPU refuses */

/* Bytes of a good configuration that are written over; the last ones pass LDTILECFG and fault at the product. */
typedef struct spoiled {
    struct {
        size_t at;
        uint8_t value;
    } byte[2];
} spoiled;

enum { PALETTE = 0, RESERVED = 15, COLSB = 16, ROWS = 48 };

static const spoiled spoils[] = {
    {{{PALETTE, 2}, {PALETTE, 2}}}, /* no such palette */
    {{{RESERVED, 1}, {RESERVED, 1}}},
    {{{ROWS + 7, 17}, {ROWS + 7, 17}}},
    {{{COLSB + 2 * 4, 65}, {COLSB + 2 * 4, 65}}},
    {{{COLSB + 2 * 3, 0}, {ROWS + 3, 16}}}, /* rows without bytes */
    {{{COLSB + 2 * 3, 64}, {ROWS + 3, 0}}}, /* bytes without rows */
    {{{ROWS + 8, 1}, {COLSB + 2 * 8, 4}}},  /* a ninth tile */
    {{{COLSB + 2 * 15, 4}, {PALETTE, 1}}},  /* bytes of a sixteenth */
    {{{ROWS + 4, 15}, {PALETTE, 1}}},       /* fewer rows on the left than sums */
    {{{ROWS + 6, 15}, {PALETTE, 1}}},       /* other depths left and right */
    {{{COLSB, 60}, {PALETTE, 1}}},          /* fewer columns of sums than on the right */
    {{{COLSB, 62}, {COLSB + 2 * 6, 62}}},   /* no whole dwords */
    {{{ROWS + 6, 0}, {COLSB + 2 * 6, 0}}},  /* a tile that is not there */
    {{{PALETTE, 0}, {PALETTE, 0}}},         /* no tiles at all */
};

static void product(const spoiled *s) {
    static const uint8_t zeros[GB_TILE_ROWS][GB_TILE_BYTES];
    gb_tile_config c = config_of(16, 16, 64);
    uint8_t *byte = (uint8_t *)&c;
    for (size_t i = 0; s && i < 2; i++) byte[s->byte[i].at] = s->byte[i].value;
    GB_TILE_CONFIG(&c);
    GB_TILE_ZERO(0);
    GB_TILE_LOAD(4, zeros, 64);
    GB_TILE_LOAD(6, zeros, 64);
    GB_TILE_DOT_SU(0, 4, 6);
}

/* Catches a kernel's configuration that only the emulation would accept: the first gemm on a machine with AMX dies. */
START_TEST(refused) {
    product(&spoils[_i]);
}
END_TEST

/* Without it, refused would pass if everything were refused. */
START_TEST(accepted) {
    product(NULL);
}
END_TEST

/* Catches tiles used before they are configured, or after they were released. */
START_TEST(released) {
    product(NULL);
    GB_TILE_RELEASE();
    GB_TILE_ZERO(0);
}
END_TEST

START_TEST(named_twice) {
    configure(16, 16, 64);
    GB_TILE_DOT_SS(0, 0, 6);
}
END_TEST

int main(void) {
    TCase *tiles = tcase_create("tiles");
    tcase_add_test(tiles, worked_by_hand);
    tcase_add_test(tiles, extreme_bytes);
    tcase_add_test(tiles, sums_wrap);
    tcase_add_test(tiles, extents);
    tcase_add_test(tiles, tiles_of_a_thread);
    TCase *faults = tcase_create("faults");
    tcase_add_test(faults, accepted);
    tcase_add_loop_test_raise_signal(faults, refused, SIGABRT, 0, sizeof spoils / sizeof spoils[0]);
    tcase_add_test_raise_signal(faults, released, SIGABRT);
    tcase_add_test_raise_signal(faults, named_twice, SIGABRT);
    Suite *s = suite_create("tiles");
    suite_add_tcase(s, tiles);
    suite_add_tcase(s, faults);
    return run_suite(s);
}

/* Tiles beside the vectors of avx512vnni: floats and memory are theirs. */
#include "bench/ceilings/loops.h"
#include "kernels/amx_int8/tile.h"

/* Six tiles of sums: independent chains, as many as the tiles of one product leave. */
enum { CHAINS = 6 };

static uint32_t int8(size_t turns) {
    static const int8_t ones[GB_TILE_ROWS * GB_TILE_BYTES] = {1, -1, 3};
    gb_tile_config config = {.palette = 1};
    for (size_t t = 0; t < GB_TILES; t++) {
        config.colsb[t] = GB_TILE_BYTES;
        config.rows[t] = GB_TILE_ROWS;
    }
    GB_TILE_CONFIG(&config);
    GB_TILE_ZERO(0);
    GB_TILE_ZERO(1);
    GB_TILE_ZERO(2);
    GB_TILE_ZERO(3);
    GB_TILE_ZERO(4);
    GB_TILE_ZERO(5);
    GB_TILE_LOAD(6, ones, GB_TILE_BYTES);
    GB_TILE_LOAD(7, ones, GB_TILE_BYTES);
    for (size_t i = 0; i < turns; i++) {
        GB_TILE_DOT_SS(0, 6, 7);
        GB_TILE_DOT_SS(1, 6, 7);
        GB_TILE_DOT_SS(2, 6, 7);
        GB_TILE_DOT_SS(3, 6, 7);
        GB_TILE_DOT_SS(4, 6, 7);
        GB_TILE_DOT_SS(5, 6, 7);
    }
    uint32_t sum[CHAINS][GB_TILE_ROWS * GB_TILE_BYTES / 4];
    GB_TILE_STORE(0, sum[0], GB_TILE_BYTES);
    GB_TILE_STORE(1, sum[1], GB_TILE_BYTES);
    GB_TILE_STORE(2, sum[2], GB_TILE_BYTES);
    GB_TILE_STORE(3, sum[3], GB_TILE_BYTES);
    GB_TILE_STORE(4, sum[4], GB_TILE_BYTES);
    GB_TILE_STORE(5, sum[5], GB_TILE_BYTES);
    GB_TILE_RELEASE();
    uint32_t all = 0;
    for (size_t i = 0; i < CHAINS; i++) all |= sum[i][0];
    return all;
}

static float floats(size_t turns) {
    return gb_loops_avx512vnni.floats(turns);
}

static uint32_t read(const void *from, size_t bytes) {
    return gb_loops_avx512vnni.read(from, bytes);
}

const gb_loops gb_loops_amx_int8 = {
    .int8_ops = 2.0 * GB_TILE_ROWS * GB_TILE_ROWS * GB_TILE_BYTES * CHAINS,
    .float_ops = 2.0 * 16 * GB_CHAINS,
    .int8 = int8,
    .floats = floats,
    .read = read,
};

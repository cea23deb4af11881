/* The tile instructions. As assembly, because gcc 12's intrinsics do not say what memory they use: of the 64 bytes of
 * LDTILECFG it knows eight and drops the stores of the others, and to a tile load or store it sees no bytes at all.
 * Tile numbers are part of the instruction: literals.
 *
 * A stand-in build (GB_STAND_IN) runs the same kernels on tiles emulated in C. */
#ifndef GB_AMX_INT8_TILE_H
#define GB_AMX_INT8_TILE_H

#include <stddef.h>
#include <stdint.h>

enum { GB_TILE_ROWS = 16, GB_TILE_BYTES = 64, GB_TILES = 8 };

/* The operand of LDTILECFG; what is not named must be zero. */
typedef struct gb_tile_config {
    uint8_t palette, start_row, reserved[14];
    uint16_t colsb[16]; /* bytes of a row, of eight tiles */
    uint8_t rows[16];
} gb_tile_config;
_Static_assert(sizeof(gb_tile_config) == 64, "LDTILECFG reads 64 bytes");

#ifdef GB_STAND_IN

#include "kernels/amx_int8/emulated.h"

#define GB_TILE_CONFIG(config)      gb_emulated_config(config)
#define GB_TILE_RELEASE()           gb_emulated_release()
#define GB_TILE_ZERO(t)             gb_emulated_zero(t)
#define GB_TILE_LOAD(t, p, stride)  gb_emulated_load(t, p, stride)
#define GB_TILE_STORE(t, p, stride) gb_emulated_store(t, p, stride)
/* c += a (signed) times b, signed or unsigned */
#define GB_TILE_DOT_SS(c, a, b) gb_emulated_dot(c, a, b, 1, 1)
#define GB_TILE_DOT_SU(c, a, b) gb_emulated_dot(c, a, b, 1, 0)

#else

#define GB_TILE_CONFIG(config) __asm__ volatile("ldtilecfg %0" : : "m"(*(config)) : "memory")
#define GB_TILE_RELEASE()      __asm__ volatile("tilerelease" : : : "memory")
#define GB_TILE_ZERO(t)        __asm__ volatile("tilezero %%tmm" #t : :)
#define GB_TILE_LOAD(t, p, stride)                                                                                     \
    __asm__ volatile("tileloadd (%0,%1,1), %%tmm" #t : : "r"(p), "r"((size_t)(stride)) : "memory")
#define GB_TILE_STORE(t, p, stride)                                                                                    \
    __asm__ volatile("tilestored %%tmm" #t ", (%0,%1,1)" : : "r"(p), "r"((size_t)(stride)) : "memory")
#define GB_TILE_DOT_SS(c, a, b) __asm__ volatile("tdpbssd %%tmm" #b ", %%tmm" #a ", %%tmm" #c : :)
#define GB_TILE_DOT_SU(c, a, b) __asm__ volatile("tdpbsud %%tmm" #b ", %%tmm" #a ", %%tmm" #c : :)

#endif

#endif

/* Block formats: one struct per format and the one row that makes it known to everything else.
 *
 * All formats are little-endian and byte-packed (alignment 1: a row may start at any address). A row is a whole number
 * of blocks, back to back, in some formats after headers that belong to the row (GB_HEADS). Sources: the GGUF/ggml type
 * definitions, restated bit by bit in docs/formats/.
 *
 * Adding a format: its struct, its row in GB_FORMATS, and reference/<name>.c. It then works in every tool at once. */
#ifndef GB_FORMATS_H
#define GB_FORMATS_H

#include <stddef.h>
#include <stdint.h>

#define GB_PACKED __attribute__((packed))

typedef struct GB_PACKED {
    uint16_t d;     /* f16 scale */
    uint8_t qs[16]; /* byte j: low nibble = element j, high nibble = element j + 16 */
} gb_block_q4_0;    /* x = (code - 8) * d */

typedef struct GB_PACKED {
    uint16_t d, m;  /* f16 scale and minimum */
    uint8_t qs[16]; /* as q4_0 */
} gb_block_q4_1;    /* x = code * d + m */

typedef struct GB_PACKED {
    uint16_t d;     /* f16 scale */
    uint8_t qh[4];  /* bit i % 8 of byte i / 8: fifth bit of element i */
    uint8_t qs[16]; /* low four bits, as q4_0 */
} gb_block_q5_0;    /* x = (code - 16) * d */

typedef struct GB_PACKED {
    uint16_t d, m;  /* f16 scale and minimum */
    uint8_t qh[4];  /* as q5_0 */
    uint8_t qs[16]; /* as q4_0 */
} gb_block_q5_1;    /* x = code * d + m */

typedef struct GB_PACKED {
    uint16_t d;    /* f16 scale */
    int8_t qs[32]; /* natural order; encoders emit -127..127, decoders accept -128 */
} gb_block_q8_0;   /* x = q * d */

typedef struct GB_PACKED {
    uint16_t d;    /* f16 scale */
    uint16_t s;    /* f16: the sum of qs times the unrounded scale; part of the format: minima are multiplied with it */
    int8_t qs[32]; /* natural order */
} gb_block_q8_1;   /* activations only; x = q * d */

typedef struct GB_PACKED {
    uint16_t d;     /* f16 scale */
    uint8_t qs[16]; /* bit j % 8 of byte j / 8: element j; 128 of them */
} gb_block_q1_0;    /* x = bit ? d : -d */

typedef struct GB_PACKED {
    uint16_t d;     /* f16 scale */
    uint8_t qs[16]; /* bits 2 * (j % 4) of byte j / 4: element j; 64 of them */
} gb_block_q2_0;    /* x = (code - 1) * d; encoders emit codes 0..2 */

typedef struct GB_PACKED {
    uint8_t e;      /* E8M0 scale: 2^(e - 128), half the usual, because levels are stored doubled */
    uint8_t qs[16]; /* E2M1 codes, as q4_0 */
} gb_block_mxfp4;   /* x = level * scale */

typedef struct GB_PACKED {
    uint8_t d[4];   /* UE4M3 scales of the sub-blocks of 16, also halved */
    uint8_t qs[32]; /* sub-block s: bytes 8s..8s+7: low nibble = element 16s + j, high nibble = 16s + 8 + j */
} gb_block_nvfp4;   /* x = level * scale */

typedef struct GB_PACKED {
    uint8_t scales[16]; /* low nibble: scale, high nibble: min of 16 elements */
    uint8_t qs[64];     /* half h of 128, byte 32h + l: bits 2q, 2q + 1 = element 128h + 32q + l */
    uint16_t d, dmin;   /* f16 scales of the scales and of the mins */
} gb_block_q2_K;        /* x = (d * sc) * code - dmin * mn */

typedef struct GB_PACKED {
    uint8_t hmask[32];  /* bit j of byte l: top bit of element 32j + l; set means "do not subtract 4" */
    uint8_t qs[64];     /* low 2 bits, laid out as q2_K */
    uint8_t scales[12]; /* sixteen 6-bit codes, stored + 32: low nibbles in bytes 0-7, the top bits in bytes 8-11 */
    uint16_t d;         /* f16 scale */
} gb_block_q3_K;        /* x = (d * (sc - 32)) * (code - 4), sub-blocks of 16 */

typedef struct GB_PACKED {
    uint16_t d, dmin;   /* f16 scales of the scales and of the mins */
    uint8_t scales[12]; /* eight 6-bit scales and eight 6-bit mins, see gb_get_scales_mins() */
    uint8_t qs[128];    /* chunk c of 64: byte 32c + l: low nibble = element 64c + l, high nibble = 64c + 32 + l */
} gb_block_q4_K;        /* x = (d * sc) * code - dmin * mn, sub-blocks of 32 */

typedef struct GB_PACKED {
    uint16_t d, dmin;   /* as q4_K */
    uint8_t scales[12]; /* as q4_K */
    uint8_t qh[32];     /* bit j of byte l: fifth bit of element 32j + l */
    uint8_t qs[128];    /* low 4 bits, laid out as q4_K */
} gb_block_q5_K;        /* x = (d * sc) * code - dmin * mn, sub-blocks of 32 */

typedef struct GB_PACKED {
    uint8_t ql[128];   /* low 4 bits */
    uint8_t qh[64];    /* high 2 bits, four elements a byte at a stride of 32 */
    int8_t scales[16]; /* one per 16 elements, signed, all of -128..127 */
    uint16_t d;        /* f16 scale */
} gb_block_q6_K;       /* x = (d * sc) * (code - 32) */

/* i-quants: codes point into fixed tables of levels or grid points (docs/formats/). */

typedef struct GB_PACKED {
    uint16_t d;     /* f16 scale of the scales */
    uint8_t qs[32]; /* byte g: low bits of the grid point of elements 8g .. 8g + 7 */
    uint16_t qh[8]; /* of 32 elements: four times the top three bits of a point, the scale c (three), the shift (one) */
} gb_block_iq1_s;   /* x = (d * (2c + 1)) * (level +- 1/8), levels -1, 0, 1, grid of reference/grids/iq1.def */

typedef struct GB_PACKED {
    uint8_t qs[32];     /* byte g: low bits of the grid point of elements 8g .. 8g + 7 */
    uint8_t qh[16];     /* nibble g: its top three bits, then the shift of these eight */
    uint16_t scales[4]; /* three bits 3 * (j % 4) of word j / 4: scale c of elements 16j .. 16j + 15; top nibbles: d */
} gb_block_iq1_m;       /* x as iq1_s; gb_iq1_m_d() */

/* The f16 d of iq1_m: word w holds its bits 4w .. 4w + 3 on top. */
static inline uint16_t gb_iq1_m_d(const gb_block_iq1_m *b) {
    return (uint16_t)(b->scales[0] >> 12 | (b->scales[1] >> 12 << 4) | (b->scales[2] >> 12 << 8) |
                      (b->scales[3] >> 12 << 12));
}

static inline void gb_iq1_m_set_d(gb_block_iq1_m *b, uint16_t d) {
    for (unsigned w = 0; w < 4; w++)
        b->scales[w] = (uint16_t)((b->scales[w] & 0x0fffU) | ((unsigned)d >> (4 * w) & 15U) << 12);
}

typedef struct GB_PACKED {
    uint16_t d;     /* f16 scale of the scales */
    uint8_t qs[64]; /* eight times: four bytes, grid points of 8 elements each; a word as in iq3_xxs */
} gb_block_iq2_xxs; /* x = ((d * (2c + 1)) * 0.125) * value, grid of reference/grids/iq2_xxs.def */

typedef struct GB_PACKED {
    uint16_t d;        /* f16 scale of the scales */
    uint8_t qs[64];    /* 32 words of 16 bits: grid point (9 bits) and seven signs of elements 8g .. 8g + 7 */
    uint8_t scales[8]; /* nibble j: scale c of elements 16j .. 16j + 15 */
} gb_block_iq2_xs;     /* x = ((d * (2c + 1)) * 0.125) * value, grid of reference/grids/iq2_xs.def */

typedef struct GB_PACKED {
    uint16_t d;        /* f16 scale of the scales */
    uint8_t qs[32];    /* byte g: low bits of the grid point of elements 8g .. 8g + 7 */
    uint8_t signs[32]; /* bit i of byte g: element 8g + i is negative */
    uint8_t qh[8];     /* bits 2 * (g % 4), + 1 of byte g / 4: top bits of the point */
    uint8_t scales[8]; /* nibble j: scale c of elements 16j .. 16j + 15 */
} gb_block_iq2_s;      /* x = ((d * (2c + 1)) * 0.125) * value, grid of reference/grids/iq2_s.def */

typedef struct GB_PACKED {
    uint16_t d;               /* f16 scale of the scales */
    uint8_t qs[64];           /* byte g: grid point of elements 4g .. 4g + 3 */
    uint8_t signs_scales[32]; /* eight words: four times seven signs, then the scale c of 32 elements */
} gb_block_iq3_xxs;           /* x = ((d * (2c + 1)) * 0.25) * value, grid of reference/grids/iq3_xxs.def */

typedef struct GB_PACKED {
    uint16_t d;        /* f16 scale of the scales */
    uint8_t qs[64];    /* byte g: low bits of the grid point of elements 4g .. 4g + 3 */
    uint8_t qh[8];     /* bit g % 8 of byte g / 8: its top bit */
    uint8_t signs[32]; /* bit i of byte e: element 8e + i is negative */
    uint8_t scales[4]; /* nibble j: scale c of elements 32j .. 32j + 31 */
} gb_block_iq3_s;      /* x = (d * (2c + 1)) * value, grid of reference/grids/iq3_s.def */

typedef struct GB_PACKED {
    uint16_t d;     /* f16 scale */
    uint8_t qs[16]; /* byte j: low nibble = element j, high nibble = element j + 16 */
} gb_block_iq4_nl;  /* x = d * level[code], sixteen levels: reference/iq4.h */

typedef struct GB_PACKED {
    uint16_t d;          /* f16 scale of the scales */
    uint16_t scales_h;   /* bits 2j, 2j + 1: top bits of scale j */
    uint8_t scales_l[4]; /* nibbles: low bits of scale j */
    uint8_t qs[128];     /* eight times the 16 bytes of iq4_nl */
} gb_block_iq4_xs;       /* x = (d * (scale - 32)) * level[code], sub-blocks of 32 */

typedef struct GB_PACKED {
    float d;
    int8_t qs[256];
    int16_t bsums[16]; /* bsums[j] = sum of qs[16j .. 16j+15]: part of the format, kernels may rely on it */
} gb_block_q8_K;       /* activations only; x = q * d, d may be negative */

typedef struct GB_PACKED {
    uint8_t qs[48]; /* five trits a byte, of elements a stride of 32 (16 from byte 32 on) apart */
    uint8_t qh[4];  /* four trits a byte, stride 4: elements 240..255 */
    uint16_t d;     /* f16 scale */
} gb_block_tq1_0;   /* x = (trit - 1) * d */

typedef struct GB_PACKED {
    uint8_t qs[64]; /* bits 2l of byte 32g + m: element 128g + 32l + m */
    uint16_t d;     /* f16 scale */
} gb_block_tq2_0;   /* x = (code - 1) * d; encoders emit codes 0..2 */

#include "kernels/foreign.h" /* needs GB_PACKED */

_Static_assert(sizeof(gb_block_q4_0) == 18, "q4_0 layout");
_Static_assert(sizeof(gb_block_q4_1) == 20, "q4_1 layout");
_Static_assert(sizeof(gb_block_q5_0) == 22, "q5_0 layout");
_Static_assert(sizeof(gb_block_q5_1) == 24, "q5_1 layout");
_Static_assert(sizeof(gb_block_q8_0) == 34, "q8_0 layout");
_Static_assert(sizeof(gb_block_q8_1) == 36, "q8_1 layout");
_Static_assert(sizeof(gb_block_q1_0) == 18, "q1_0 layout");
_Static_assert(sizeof(gb_block_q2_0) == 18, "q2_0 layout");
_Static_assert(sizeof(gb_block_mxfp4) == 17, "mxfp4 layout");
_Static_assert(sizeof(gb_block_nvfp4) == 36, "nvfp4 layout");
_Static_assert(sizeof(gb_block_q2_K) == 84, "q2_K layout");
_Static_assert(sizeof(gb_block_q3_K) == 110, "q3_K layout");
_Static_assert(sizeof(gb_block_q4_K) == 144, "q4_K layout");
_Static_assert(sizeof(gb_block_q5_K) == 176, "q5_K layout");
_Static_assert(sizeof(gb_block_q6_K) == 210, "q6_K layout");
_Static_assert(sizeof(gb_block_iq1_s) == 50, "iq1_s layout");
_Static_assert(sizeof(gb_block_iq1_m) == 56, "iq1_m layout");
_Static_assert(sizeof(gb_block_iq2_xxs) == 66, "iq2_xxs layout");
_Static_assert(sizeof(gb_block_iq2_xs) == 74, "iq2_xs layout");
_Static_assert(sizeof(gb_block_iq2_s) == 82, "iq2_s layout");
_Static_assert(sizeof(gb_block_iq3_xxs) == 98, "iq3_xxs layout");
_Static_assert(sizeof(gb_block_iq3_s) == 110, "iq3_s layout");
_Static_assert(sizeof(gb_block_iq4_nl) == 18, "iq4_nl layout");
_Static_assert(sizeof(gb_block_iq4_xs) == 136, "iq4_xs layout");
_Static_assert(sizeof(gb_block_q8_K) == 292, "q8_K layout");
_Static_assert(sizeof(gb_block_tq1_0) == 54, "tq1_0 layout");
_Static_assert(sizeof(gb_block_tq2_0) == 66, "tq2_0 layout");

/* X(name, NAME, kind, ggml type number, elements per block, bytes per block, activation partner of its dot)
 * kind: W = weights (quantize, dequantize, dot), A = activations (quantize_act, dequantize), WA = both, D = data that
 * comes with weights (no operations; the partner has no meaning). */
#define GB_FORMATS(X)                                                                                                  \
    X(f32, F32, WA, 0, 1, 4, f32)                                                                                      \
    X(f16, F16, WA, 1, 1, 2, f16)                                                                                      \
    X(bf16, BF16, WA, 30, 1, 2, bf16)                                                                                  \
    X(q8_0, Q8_0, WA, 8, 32, 34, q8_0)                                                                                 \
    X(q4_0, Q4_0, W, 2, 32, 18, q8_0)                                                                                  \
    X(q4_1, Q4_1, W, 3, 32, 20, q8_1)                                                                                  \
    X(q5_0, Q5_0, W, 6, 32, 22, q8_0)                                                                                  \
    X(q5_1, Q5_1, W, 7, 32, 24, q8_1)                                                                                  \
    X(q8_1, Q8_1, A, 9, 32, 36, q8_1)                                                                                  \
    X(q1_0, Q1_0, W, 41, 128, 18, q8_0)                                                                                \
    X(q2_0, Q2_0, W, 42, 64, 18, q8_0)                                                                                 \
    X(mxfp4, MXFP4, W, 39, 32, 17, q8_0)                                                                               \
    X(nvfp4, NVFP4, W, 40, 64, 36, q8_0)                                                                               \
    X(q2_K, Q2_K, W, 10, 256, 84, q8_K)                                                                                \
    X(q3_K, Q3_K, W, 11, 256, 110, q8_K)                                                                               \
    X(q4_K, Q4_K, W, 12, 256, 144, q8_K)                                                                               \
    X(q5_K, Q5_K, W, 13, 256, 176, q8_K)                                                                               \
    X(q6_K, Q6_K, W, 14, 256, 210, q8_K)                                                                               \
    X(iq1_s, IQ1_S, W, 19, 256, 50, q8_K)                                                                              \
    X(iq1_m, IQ1_M, W, 29, 256, 56, q8_K)                                                                              \
    X(iq2_xxs, IQ2_XXS, W, 16, 256, 66, q8_K)                                                                          \
    X(iq2_xs, IQ2_XS, W, 17, 256, 74, q8_K)                                                                            \
    X(iq2_s, IQ2_S, W, 22, 256, 82, q8_K)                                                                              \
    X(iq3_xxs, IQ3_XXS, W, 18, 256, 98, q8_K)                                                                          \
    X(iq3_s, IQ3_S, W, 21, 256, 110, q8_K)                                                                             \
    X(iq4_nl, IQ4_NL, W, 20, 32, 18, q8_0)                                                                             \
    X(iq4_xs, IQ4_XS, W, 23, 256, 136, q8_K)                                                                           \
    X(q8_K, Q8_K, A, 15, 256, 292, q8_K)                                                                               \
    X(tq1_0, TQ1_0, W, 34, 256, 54, q8_K)                                                                              \
    X(tq2_0, TQ2_0, W, 35, 256, 66, q8_K)                                                                              \
    X(i32, I32, D, 26, 1, 4, i32)                                                                                      \
    GB_FOREIGN_FORMATS(X)

/* H(name, bytes, span): formats whose rows begin with headers, ceil(n / span) of them, `bytes` each, for `span`
 * elements each; span 0: one header for the whole row. The blocks follow. */
#define GB_HEADS(H) GB_FOREIGN_HEADS(H)

/* N(name): formats with so few bits that ggml encodes them by importance only. Here quantize without importance takes
 * every one as 1; what writes files should ask for a matrix instead. */
#define GB_NEED_IMPORTANCE(N) N(iq1_s) N(iq2_xxs) N(iq2_xs)

typedef enum gb_format {
#define GB_FORMAT_ENUM(name, NAME, kind, type, elems, bytes, partner) GB_FORMAT_##name,
    GB_FORMATS(GB_FORMAT_ENUM)
#undef GB_FORMAT_ENUM
        GB_FORMAT_COUNT
} gb_format;

/* Of all formats; kernels/registry.c asserts it. */
enum { GB_MAX_BLOCK_BYTES = 292, GB_MAX_BLOCK_ELEMS = 256, GB_MAX_HEAD_BYTES = 8 };

typedef struct gb_format_info {
    const char *name;   /* "q4_K": files, symbols, reports */
    const char *NAME;   /* "Q4_K": as GGUF tools print the type */
    uint32_t ggml_type; /* type number in a GGUF file */
    size_t block_elems; /* weights per block */
    size_t block_bytes; /* bytes per block */
    gb_format partner;  /* format of the activation row of dot/gemv/gemm */
    int is_weight;      /* has quantize and dot */
    int is_activation;  /* has quantize_act */
} gb_format_info;

extern const gb_format_info gb_formats[GB_FORMAT_COUNT];

typedef struct gb_head {
    size_t bytes; /* of one header; 0: the format has none */
    size_t span;  /* elements that a header is for, a multiple of block_elems; 0: all of the row */
} gb_head;

extern const gb_head gb_heads[GB_FORMAT_COUNT];

/* Bytes of all headers of a row of n elements: where its blocks begin. */
static inline size_t gb_head_bytes(gb_format f, size_t n) {
    const gb_head *h = &gb_heads[f];
    return h->bytes * (h->span ? (n + h->span - 1) / h->span : 1);
}

/* Bytes of a row of n elements; n must be a multiple of block_elems. Caller checks overflow for untrusted n. */
static inline size_t gb_row_bytes(gb_format f, size_t n) {
    return gb_head_bytes(f, n) + n / gb_formats[f].block_elems * gb_formats[f].block_bytes;
}

int gb_format_needs_importance(gb_format f);

/* Case-insensitive name -> format; GB_FORMAT_COUNT if unknown. */
gb_format gb_format_by_name(const char *name);
/* GGUF type number -> format; GB_FORMAT_COUNT if it is not a format of this table. */
gb_format gb_format_by_ggml_type(uint32_t type);

#endif

/* Weight formats of other projects: bitsandbytes, GPTQ, AWQ, MLC, ONNX Runtime, OCP MX, FP8. Included by formats.h,
 * whose table they extend.
 *
 * Those projects keep codes, scales and zero points in tensors of their own; here they lie together, block by block, so
 * that a row is one piece. Bit order inside a block, meaning of the codes and rounding are theirs (docs/formats/ names
 * the sources). GGUF has no numbers for these types: a private range serves, which other readers refuse. */
#ifndef GB_FOREIGN_H
#define GB_FOREIGN_H

/* "gb" and a number: far from every number that GGUF or its forks assign. */
#define GB_PRIVATE_TYPE(k) (0x67620000U + (k))

typedef struct GB_PACKED {
    float absmax;
    uint8_t qs[32]; /* byte j: high nibble = element 2j, low nibble = element 2j + 1 */
} gb_block_bnb4;    /* nf4, fp4: x = level[code] * absmax */

typedef struct GB_PACKED {
    uint8_t absmax; /* code of bitsandbytes' signed dynamic 8-bit map */
    uint8_t qs[32];
} gb_block_bnb4_dq; /* nf4_dq, fp4_dq: x = level[code] * (map[absmax] * head.absmax + head.offset) */

typedef struct GB_PACKED {
    float absmax, offset;
} gb_head_bnb4_dq; /* of 256 blocks */

typedef struct GB_PACKED {
    int8_t qs[32];
} gb_block_int8_row; /* after the row's f32 scale; x = q * d */

typedef struct GB_PACKED {
    uint16_t d; /* f16 scale */
    uint8_t zero;
    uint8_t qs[64]; /* byte j: low nibble = element 2j, high nibble = element 2j + 1 */
} gb_block_gptq4;   /* x = (code - zero) * d */

typedef struct GB_PACKED {
    uint16_t d; /* f16 scale */
    uint8_t zero;
    uint8_t qs[128];
} gb_block_gptq8; /* x = (code - zero) * d */

typedef struct GB_PACKED {
    uint16_t d; /* f16 scale */
    uint8_t zero;
    uint8_t qs[64]; /* sixteen little-endian u32: nibble i of word k = element 8k + (0 2 4 6 1 3 5 7)[i] */
} gb_block_awq4;    /* x = (code - zero) * d */

typedef struct GB_PACKED {
    uint16_t d;         /* f16 scale */
    uint8_t qs[16];     /* byte j: low nibble = element 2j, high nibble = element 2j + 1 */
} gb_block_mlc_q4f16_1; /* x = (code - 7) * d */

typedef struct GB_PACKED {
    float d;
    uint8_t zero;   /* 0..15; 8 where the model has no zero points */
    uint8_t qs[16]; /* byte j: low nibble = element 2j, high nibble = element 2j + 1 */
} gb_block_onnx_q4; /* x = (code - zero) * d */

typedef struct GB_PACKED {
    uint8_t e;      /* scale 2^(e - 127); 255 is NaN */
    uint8_t qs[24]; /* element i in bits 6i .. 6i + 5, the lowest bit of byte 0 first */
} gb_block_mxfp6;   /* mxfp6_e2m3, mxfp6_e3m2 */

typedef struct GB_PACKED {
    uint8_t e; /* scale 2^(e - 127); 255 is NaN */
    uint8_t qs[32];
} gb_block_mxfp8; /* mxfp8_e4m3, mxfp8_e5m2 */

typedef struct GB_PACKED {
    uint8_t qs[32];
} gb_block_fp8; /* fp8_e4m3, fp8_e5m2, after the row's f32 scale; x = number(q) * d */

_Static_assert(sizeof(gb_block_bnb4) == 36, "nf4 layout");
_Static_assert(sizeof(gb_block_bnb4_dq) == 33, "nf4_dq layout");
_Static_assert(sizeof(gb_head_bnb4_dq) == 8, "nf4_dq header layout");
_Static_assert(sizeof(gb_block_gptq4) == 67, "gptq4 layout");
_Static_assert(sizeof(gb_block_gptq8) == 131, "gptq8 layout");
_Static_assert(sizeof(gb_block_awq4) == 67, "awq4 layout");
_Static_assert(sizeof(gb_block_mlc_q4f16_1) == 18, "mlc_q4f16_1 layout");
_Static_assert(sizeof(gb_block_onnx_q4) == 21, "onnx_q4 layout");
_Static_assert(sizeof(gb_block_mxfp6) == 25, "mxfp6 layout");
_Static_assert(sizeof(gb_block_mxfp8) == 33, "mxfp8 layout");

/* Columns as in GB_FORMATS. */
#define GB_FOREIGN_FORMATS(X)                                                                                          \
    X(nf4, NF4, W, GB_PRIVATE_TYPE(1), 64, 36, f32)                                                                    \
    X(fp4, FP4, W, GB_PRIVATE_TYPE(2), 64, 36, f32)                                                                    \
    X(nf4_dq, NF4_DQ, W, GB_PRIVATE_TYPE(3), 64, 33, f32)                                                              \
    X(fp4_dq, FP4_DQ, W, GB_PRIVATE_TYPE(4), 64, 33, f32)                                                              \
    X(int8_row, INT8_ROW, WA, GB_PRIVATE_TYPE(5), 32, 32, int8_row)                                                    \
    X(gptq4, GPTQ4, W, GB_PRIVATE_TYPE(6), 128, 67, q8_0)                                                              \
    X(gptq8, GPTQ8, W, GB_PRIVATE_TYPE(7), 128, 131, q8_0)                                                             \
    X(awq4, AWQ4, W, GB_PRIVATE_TYPE(8), 128, 67, q8_0)                                                                \
    X(mlc_q4f16_1, MLC_Q4F16_1, W, GB_PRIVATE_TYPE(9), 32, 18, q8_0)                                                   \
    X(onnx_q4, ONNX_Q4, W, GB_PRIVATE_TYPE(10), 32, 21, q8_0)                                                          \
    X(mxfp6_e2m3, MXFP6_E2M3, W, GB_PRIVATE_TYPE(11), 32, 25, f32)                                                     \
    X(mxfp6_e3m2, MXFP6_E3M2, W, GB_PRIVATE_TYPE(12), 32, 25, f32)                                                     \
    X(mxfp8_e4m3, MXFP8_E4M3, W, GB_PRIVATE_TYPE(13), 32, 33, f32)                                                     \
    X(mxfp8_e5m2, MXFP8_E5M2, W, GB_PRIVATE_TYPE(14), 32, 33, f32)                                                     \
    X(fp8_e4m3, FP8_E4M3, W, GB_PRIVATE_TYPE(15), 32, 32, f32)                                                         \
    X(fp8_e5m2, FP8_E5M2, W, GB_PRIVATE_TYPE(16), 32, 32, f32)

/* Columns as in GB_HEADS. */
#define GB_FOREIGN_HEADS(H)                                                                                            \
    H(nf4_dq, 8, 16384)                                                                                                \
    H(fp4_dq, 8, 16384)                                                                                                \
    H(int8_row, 4, 0)                                                                                                  \
    H(fp8_e4m3, 4, 0)                                                                                                  \
    H(fp8_e5m2, 4, 0)

#endif

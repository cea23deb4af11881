/* What the bytes of a block are called, how they are packed and what they do: for tools that show a block to people,
 * that fill blocks with hostile bytes, and that look for such bytes in files. */
#ifndef GB_FIELDS_H
#define GB_FIELDS_H

#include "kernels/formats.h"

typedef enum gb_packing {
    GB_PACK_F16,
    GB_PACK_BF16,
    GB_PACK_F32,
    GB_PACK_E8M0,        /* 2^(e - 127) */
    GB_PACK_E8M0_HALF,   /* 2^(e - 128) */
    GB_PACK_UE4M3,       /* halved, as nvfp4 has it */
    GB_PACK_E4M3,        /* small floats, with a sign */
    GB_PACK_E5M2,        /* ... */
    GB_PACK_I8,          /* integers */
    GB_PACK_U8,          /* ... */
    GB_PACK_I16,         /* ... */
    GB_PACK_BITS,        /* bit i % 8 of byte i / 8 */
    GB_PACK_BITS_32,     /* bit j of byte l: element 32j + l */
    GB_PACK_CRUMBS,      /* two bits: bits 2(i % 4) of byte i / 4 */
    GB_PACK_CRUMBS_32,   /* bits 2q of byte 32h + l: element 128h + 32q + l */
    GB_PACK_NIBBLES,     /* low nibble element 2j, high nibble 2j + 1 */
    GB_PACK_NIBBLES_REV, /* high nibble element 2j, low nibble 2j + 1 */
    GB_PACK_NIBBLES_8,   /* runs of 8 bytes: 8 low nibbles, then 8 high ones */
    GB_PACK_NIBBLES_16,  /* runs of 16 bytes */
    GB_PACK_NIBBLES_32,  /* runs of 32 bytes */
    GB_PACK_NIBBLES_64,  /* runs of 64 bytes */
    GB_PACK_AWQ,         /* words of eight nibbles: element 0 2 4 6 1 3 5 7 */
    GB_PACK_SIX,         /* six bits each, lowest bit first */
    GB_PACK_SC6,         /* q4_K, q5_K: eight scales, then eight mins, of six bits in twelve bytes */
    GB_PACK_SC4,         /* q2_K: low nibble scale, high nibble min */
    GB_PACK_SC3K,        /* q3_K: sixteen six-bit codes in twelve bytes, stored + 32 */
    GB_PACK_HEX16,       /* little-endian words, shown as they are */
    GB_PACK_HEX32,       /* ... */
    GB_PACK_HEX,         /* bytes, shown as they are */
} gb_packing;

/* What a field is to an element: what it may do to a result when its bytes are hostile. */
typedef enum gb_role {
    GB_ROLE_CODES,  /* chooses a value: elements, and integer scales of a super-block */
    GB_ROLE_SCALE,  /* a float that multiplies them */
    GB_ROLE_OFFSET, /* a float times what is added or taken off */
    GB_ROLE_SUMS    /* repeats what the other fields say: sums of codes */
} gb_role;

typedef struct gb_field {
    const char *name; /* NULL ends a list */
    gb_role role;
    gb_packing packing;
    uint16_t offset, size; /* bytes */
} gb_field;

/* Fields of a block in the order of their bytes, all of them; ended by a NULL name. */
const gb_field *gb_block_fields(gb_format format);
/* Fields of one header of a row; empty where rows have none. */
const gb_field *gb_head_fields(gb_format format);

/* Numbers in a field: how many, and number i (0-based). Floats come back exactly; integers as such. */
size_t gb_field_count(const gb_field *field);
double gb_field_number(const gb_field *field, const uint8_t *block, size_t i);

#endif

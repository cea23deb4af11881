/* nf4, fp4 and their double-quantized forms in vectors of sixteen bytes: codes choose from four tables, one for each
 * byte of a level. */
#include "kernels/vec16/blocks32.h"
#include "kernels/vec16/decoded.h"

/* 64 bytes, the first half between the second: the bits of a byte's place rotate by one. */
GB_INLINE gb_bytes4 shuffled(gb_bytes4 v) {
    return (gb_bytes4){{gb_v_zip8_low(v.val[0], v.val[2]), gb_v_zip8_high(v.val[0], v.val[2]),
                        gb_v_zip8_low(v.val[1], v.val[3]), gb_v_zip8_high(v.val[1], v.val[3])}};
}

/* A place is four bits of the level and two of the byte in it: after four rotations the byte comes first, after two
 * more the level again. The tables of one format are the same for all blocks. */
GB_INLINE gb_bytes4 tables(const float levels[16]) {
    gb_bytes4 v;
    for (size_t j = 0; j < 4; j++) v.val[j] = gb_v_as_bytes(gb_v_fload(levels + 4 * j));
    return shuffled(shuffled(shuffled(shuffled(v))));
}

/* The high nibble of a byte is the first of its elements. */
GB_INLINE void decode(const float levels[16], float scale, const uint8_t *qs, gb_floats *x) {
    const gb_bytes4 table = tables(levels);
    for (size_t i = 0; i < 2; i++) {
        const gb_bytes2 apart = gb_nibbles32(qs + 16 * i);
        const gb_bytes code[2] = {gb_v_zip8_low(apart.val[1], apart.val[0]),
                                  gb_v_zip8_high(apart.val[1], apart.val[0])};
        for (size_t h = 0; h < 2; h++) {
            gb_bytes4 v;
            for (size_t j = 0; j < 4; j++) v.val[j] = gb_v_lookup(table.val[j], code[h]);
            v = shuffled(shuffled(v));
            for (size_t j = 0; j < 4; j++) x[8 * i + 4 * h + j] = gb_v_as_floats(v.val[j]) * gb_v_fset(scale);
        }
    }
}

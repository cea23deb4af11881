/* The scaled sums of vec16/ops.h from the sums of a tier's vec16.h, which come before. */
#ifndef GB_NEON_SCALED_H
#define GB_NEON_SCALED_H

GB_INLINE gb_ints gb_v_add_scaled16(gb_ints s, gb_bytes w, gb_bytes q, int8_t sc) {
    return vmlaq_n_s32(s, gb_v_sums16(w, q), sc);
}

GB_INLINE gb_ints gb_v_add_scaled32(gb_ints s, gb_bytes w0, gb_bytes w1, gb_bytes q0, gb_bytes q1, int8_t sc,
                                    gb_range range) {
    return vmlaq_n_s32(s, gb_v_sums32(w0, w1, q0, q1, range), sc);
}

#endif

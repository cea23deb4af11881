/* The formats in vectors of sixteen bytes, written once for every instruction set that has such (kernels/vec16/).
 *
 * An instruction set joins with kernels/<isa>/vec16.h, which defines:
 *
 *   gb_bytes, gb_ints, gb_floats        sixteen bytes, four int32, four floats (with the operators + - * /)
 *   gb_floats4                          sixteen floats: val[4]
 *   gb_v_load, _store, _load8           bytes at any address; the lower eight, zero above
 *   gb_v_set(b), _halves(low, high)     one byte everywhere; one in the lower half, one in the upper
 *   gb_v_words(low, high)               of eight bytes each
 *   gb_v_and, _or, _xor, _add, _sub     bytewise
 *   gb_v_shl(v, n), _shr(v, n)          of every byte, n constant; gb_v_shift(v, n): left by n, right by -n
 *   gb_v_test(v, bit)                   all ones where v has the one bit that `bit` has there
 *   gb_v_from(v, least)                 all ones where v >= least, unsigned
 *   gb_v_lookup(table, v)               table[v], v < 16
 *   gb_v_low64s, _high64s(a, b)         their lower halves, their upper halves
 *   gb_v_zip8_low, _high, _zip16_low, _high
 *                                       interleaved bytes and pairs of bytes of the lower, of the upper halves
 *   gb_v_mul16(v, w)                    of pairs of bytes as numbers of sixteen bits, modulo 2^16
 *
 *   gb_v_sums32(w0, w1, q0, q1, range)  four partial sums of 32 products, in any distribution
 *   gb_v_sums16(w, q)                   of sixteen, |w| < 128
 *   gb_v_add_scaled32(s, ..., sc, range), _add_scaled16(s, w, q, sc): s + sc * those sums
 *   gb_v_min_sums(mn, bsums, sub)       four partial sums of mn * (sums of q over sub-blocks of 16, or 32)
 *   gb_v_zero()                         no sums
 *   gb_v_sum_rows(sum)                  lane r = the sum of sum[r]
 *   gb_v_byte_sum(v)                    of sixteen signed bytes
 *   gb_v_at_most(i, top), _iadd(i, j)   of ints
 *   gb_v_istore(p, i)                   four ints
 *   gb_v_isub(i, j), gb_v_ihalf(i)      of ints; halves are rounded down
 *   gb_v_power(i)                       2^i as floats, -127 < i < 128
 *   gb_v_low_bytes(i)                   of sixteen ints
 *
 *   gb_v_fset, _fload, _fstore          one float in every lane; lanes at any address, even odd ones
 *   gb_v_first(f)                       lane 0
 *   gb_v_as_bytes(f), _as_floats(v)     the same bits
 *   gb_v_from_ints, _from_bytes(v)      exact; sixteen signed bytes
 *   gb_v_from_halves(p)                 four f16 at any address, exact; gb_v_scale(p): one
 *   gb_v_from_f16(v, w)                 sixteen f16, exact
 *   gb_v_from_bf16(p)                   sixteen bf16 at any address
 *   gb_v_to_f16, _to_bf16(f, g)         eight, as gb_f16_from_f32(), gb_bf16_from_f32() of reference/number.h
 *   gb_v_add_exact(s, x, y)             s + x * y where the product is exact: fused or not
 *   gb_v_pairs(a, b)                    sums of neighbours: a0 + a1, a2 + a3, b0 + b1, b2 + b3
 *   gb_v_fold(a, b)                     a0 + a2, a1 + a3, b0 + b2, b1 + b3
 *   gb_v_magnitude(x, n)                max |x| without NaN, else +0; n a multiple of 16
 *   gb_v_first_extreme(x, n, m)         the first element of that magnitude, with its sign; +0 if it is 0
 *   gb_v_round_away(f)                  to int, ties away from zero, NaN to 0, |f| < 2^22
 *   gb_v_nearest_even(f)                to int, ties to even, |f| < 2^31; of a NaN one whose low byte is 0
 *   gb_v_truncated(f)                   to int, |f| < 2^31; of a NaN anything
 *   gb_v_clamp(f, low, high)            NaN stays NaN
 *   gb_v_larger(f, m)                   f where it is larger, else m: also where f is NaN; m is not
 *   gb_v_any_equal(f, g)                is any lane?
 *   gb_v_rotate8(x, cs)                 four pairs (re, im), turned in place by four (cos, sin)
 *   gb_v_nearest_int(f)                 gb_nearest_int() of reference/number.h
 *
 * Multiply and add are always two instructions. Everything takes constant row and column counts and is inlined, so that
 * the small loops unroll. */
#ifndef GB_VEC16_OPS_H
#define GB_VEC16_OPS_H

#include "kernels/compiler.h"
#include "kernels/kernel.h"
#include "reference/number.h"

/* An operation that is one instruction of the tier. */
#define GB_V_IS(type, name, instruction)                                                                               \
    GB_INLINE type name(type a, type b) {                                                                              \
        return instruction(a, b);                                                                                      \
    }

/* GB_MOST_COLS: of the widest tile that a tier has. */
enum { GB_TILE_ROWS = 4, GB_TILE_COLS = 4, GB_MOST_COLS = 8 };

/* What weights of a format can be; activations may be any byte. Sixteen bits hold two products if |w| < 128, as
 * 2 * 127 * 128 < 2^15 (-128 twice is not), and four if |w| < 64. */
typedef enum gb_range { GB_ANY_BYTE, GB_BELOW_128, GB_BELOW_64 } gb_range;

#endif

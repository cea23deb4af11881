/* Encoders of iq4_nl and iq4_xs in the lanes of wide.h: kernels/wide/. */
#include "kernels/vec64/wide.h"

/* The level nearest to v, by tables of 32 floats. Bins are eight wide with their middles at multiples of eight; at most
 * one mean of neighbouring levels lies in a bin and none at its ends, so it does not matter where v / 8 is rounded to
 * at a tie. NaN counts as above all levels. */
#define GB_WIDE_IQ4_LEVEL
GB_INLINE gb_wide gb_wide_iq4_level(gb_wide v) {
    static const float mean[32] = {128.0F, 128.0F, -115.5F, 128.0F, -93.5F, 128.0F, 128.0F, -74.0F,
                                   128.0F, -57.0F, 128.0F,  -42.0F, -28.5F, 128.0F, -16.0F, -4.5F,
                                   128.0F, 7.0F,   19.0F,   128.0F, 31.5F,  128.0F, 45.5F,  128.0F,
                                   61.0F,  128.0F, 79.0F,   128.0F, 128.0F, 101.0F, 128.0F, 128.0F};
    static const float below[32] = {-127.0F, -127.0F, -127.0F, -104.0F, -104.0F, -83.0F, -83.0F, -83.0F,
                                    -65.0F,  -65.0F,  -49.0F,  -49.0F,  -35.0F,  -22.0F, -22.0F, -10.0F,
                                    1.0F,    1.0F,    13.0F,   25.0F,   25.0F,   38.0F,  38.0F,  53.0F,
                                    53.0F,   69.0F,   69.0F,   89.0F,   89.0F,   89.0F,  113.0F, 113.0F};
    static const float above[32] = {-127.0F, -127.0F, -104.0F, -104.0F, -83.0F, -83.0F, -83.0F, -65.0F,
                                    -65.0F,  -49.0F,  -49.0F,  -35.0F,  -22.0F, -22.0F, -10.0F, 1.0F,
                                    1.0F,    13.0F,   25.0F,   25.0F,   38.0F,  38.0F,  53.0F,  53.0F,
                                    69.0F,   69.0F,   89.0F,   89.0F,   89.0F,  113.0F, 113.0F, 113.0F};
    const __m512 top = _mm512_set1_ps(113.0F);
    v = _mm512_max_ps(_mm512_min_ps(v, top), _mm512_set1_ps(-127.0F)); /* the second operand where one is NaN */
    /* low bits of the sum: 16 + nearest(v / 8) */
    const __m512i bin = _mm512_castps_si512(v * _mm512_set1_ps(0.125F) + _mm512_set1_ps(12582912.0F + 16.0F));
    const __m512 limit = _mm512_permutex2var_ps(_mm512_loadu_ps(mean), bin, _mm512_loadu_ps(mean + 16));
    const __m512 low = _mm512_permutex2var_ps(_mm512_loadu_ps(below), bin, _mm512_loadu_ps(below + 16));
    const __m512 high = _mm512_permutex2var_ps(_mm512_loadu_ps(above), bin, _mm512_loadu_ps(above + 16));
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(v, limit, _CMP_LT_OQ), high, low);
}

#include "kernels/wide/iq4.h"

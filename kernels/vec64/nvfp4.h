/* nvfp4 in vectors of 64 bytes: levels as in mxfp4, a scale and a float term for every sixteen. */
#include "kernels/vec64/levels.h"
#include "kernels/vec64/scale8.h"
#include "kernels/vec64/terms.h"

enum { BLOCK = 64, TERMS = 4 };

GB_INLINE void dequantize(const void *blocks, float *x, size_t n) {
    const gb_block_nvfp4 *b = blocks;
    const __m512 levels = gb_bytes_to_f32(gb_e2m1_doubled);
    const __m512i shift = _mm512_setr_epi32(0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 4, 4, 4, 4);
    for (size_t k = 0; k < n / BLOCK; k++) {
        float d[16];
        _mm512_storeu_ps(d, gb_ue4m3_half(_mm512_cvtepu8_epi32(_mm_loadu_si32(b[k].d))));
        GB_UNROLL
        for (size_t s = 0; s < TERMS; s++, x += 16) {
            const __m128i q = _mm_loadl_epi64((const __m128i *)(const void *)(b[k].qs + 8 * s));
            const __m512i pairs = _mm512_cvtepu8_epi32(_mm_unpacklo_epi64(q, q));
            const __m512 level = _mm512_permutexvar_ps(_mm512_srlv_epi32(pairs, shift), levels); /* low four bits */
            _mm512_storeu_ps(x, _mm512_mul_ps(level, _mm512_set1_ps(d[s])));
        }
    }
}

/* Plane t: the eight elements of the low nibbles, then those of the high ones. */
GB_INLINE void place(gb_act32 *act, size_t b, const int8_t *qs) {
    for (size_t t = 0; t < 2; t++) memcpy(gb_plane(act, t, b), qs + 8 * t, 8);
}

GB_INLINE __m512i load(const uint8_t *w, size_t v) {
    const gb_block_nvfp4 *b = (const gb_block_nvfp4 *)w + 2 * v;
    return _mm512_inserti64x4(_mm512_castsi256_si512(gb_load256(b[0].qs)), gb_load256(b[1].qs), 1);
}

GB_INLINE __m512i code(__m512i bytes, size_t t) {
    const __m512i nibbles = t ? _mm512_srli_epi16(bytes, 4) : bytes;
    return gb_e2m1_raised(_mm512_and_si512(nibbles, _mm512_set1_epi8(15)));
}

GB_INLINE __m512i sums(const uint8_t *w, const gb_act32 *act, size_t b) {
    static const gb_eights eights = {2, load, code};
    return gb_sums_eights(&eights, w, act, b);
}

GB_INLINE __m512 scales(const void *p, size_t stride) {
    const uint8_t *at = p;
    const __m128i bytes = _mm_setr_epi32((int)gb_load_u32(at), (int)gb_load_u32(at + stride),
                                         (int)gb_load_u32(at + 2 * stride), (int)gb_load_u32(at + 3 * stride));
    return gb_ue4m3_half(_mm512_cvtepu8_epi32(bytes));
}

static const gb_block32 format = {.bytes = sizeof(gb_block_nvfp4),
                                  .per = TERMS,
                                  .split = 1,
                                  .code_offset = GB_E2M1_LARGEST,
                                  .place = place,
                                  .sums = sums,
                                  .scales = scales};

GB_INLINE void unpack(const uint8_t *const row[GB_ROWS], size_t at, uint8_t *out, size_t step) {
    uint32_t d[GB_ROWS];
    GB_UNROLL
    for (size_t i = 0; i < GB_ROWS; i++) d[i] = gb_load_u32(row[i] + at);
    __m512i v[4]; /* of two terms */
    GB_UNROLL
    for (size_t u = 0; u < TERMS; u++, out += 5 * step) {
        if (u % 2 == 0) gb_load_rows(row, at + offsetof(gb_block_nvfp4, qs) + 8 * u, v);
        GB_UNROLL
        for (size_t i = 0; i < 4; i++) _mm512_storeu_si512(out + i * step, code(v[u % 2 * 2 + i % 2], i / 2));
        const __m512i scale = _mm512_srlv_epi32(gb_load512(d), _mm512_set1_epi32((int)(8 * u)));
        _mm512_storeu_ps(out + 4 * step, gb_ue4m3_half(_mm512_and_si512(scale, _mm512_set1_epi32(0xff))));
    }
}

GB_TERM_GEMM(nvfp4, TERMS, 1, 24)

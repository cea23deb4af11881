/* What iq4_nl and iq4_xs share: sixteen levels, denser around zero, and the search for the scale of 32 elements. */
#ifndef GB_REFERENCE_IQ4_H
#define GB_REFERENCE_IQ4_H

#include <stddef.h>
#include <stdint.h>

/* Value of each four-bit code; ascending. Numeric facts of the GGUF format (ggml's table of IQ4_NL). */
static const int8_t gb_iq4_levels[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

/* Level of element i of 32: byte j holds element j in its low and j + 16 in its high nibble. */
static inline int gb_iq4_level(const uint8_t qs[16], size_t i) {
    return gb_iq4_levels[i < 16 ? qs[i] & 15 : qs[i - 16] >> 4];
}

/* The scale with the least weighted squared error; 0 where no magnitude reaches 1e-15. weight NULL means x^2. */
float gb_iq4_search(const float x[32], const float *weight);

/* Codes of 32 elements for a scale: nearest levels of x times 1 / scale (times 0 where scale is 0). */
void gb_iq4_encode(const float x[32], float scale, uint8_t qs[16]);

#endif

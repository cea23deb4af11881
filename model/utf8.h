/* UTF-8, strictly: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef GB_MODEL_UTF8_H
#define GB_MODEL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes (1..4) of the valid character at text[0], 0 if text does not begin with one. size >= 1. */
static inline size_t gb_utf8_size(const char *text, size_t size) {
    const uint8_t *b = (const uint8_t *)text;
    if (b[0] < 0x80) return 1;
    const size_t n = b[0] >= 0xC2 && b[0] <= 0xDF   ? 2
                     : (b[0] & 0xF0) == 0xE0        ? 3
                     : b[0] >= 0xF0 && b[0] <= 0xF4 ? 4
                                                    : 0;
    if (n == 0 || n > size) return 0;
    /* The second byte of these four has a narrower range than 80..BF. */
    if (b[0] == 0xE0 && b[1] < 0xA0) return 0;
    if (b[0] == 0xED && b[1] > 0x9F) return 0;
    if (b[0] == 0xF0 && b[1] < 0x90) return 0;
    if (b[0] == 0xF4 && b[1] > 0x8F) return 0;
    for (size_t i = 1; i < n; i++)
        if ((b[i] & 0xC0) != 0x80) return 0;
    return n;
}

/* Bytes of the symbol at text[0]: the valid character, or one stray byte. size >= 1. */
static inline size_t gb_utf8_step(const char *text, size_t size) {
    const size_t n = gb_utf8_size(text, size);
    return n ? n : 1;
}

/* Code point of the valid character of n bytes at text[0]. */
static inline uint32_t gb_utf8_code(const char *text, size_t n) {
    const uint8_t *b = (const uint8_t *)text;
    if (n == 1) return b[0];
    uint32_t code = b[0] & (0x7Fu >> n);
    for (size_t i = 1; i < n; i++) code = code << 6 | (b[i] & 0x3Fu);
    return code;
}

#endif

#include "model/logits_hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <xxhash.h>

#include "harness/alloc.h"
#include "reference/number.h"

enum { CHUNK = 1024 };

struct gb_logits_hash {
    XXH3_state_t *state;
};

int gb_logits_hash_new(gb_logits_hash **out, gb_error *err) {
    gb_error local = {0};
    *out = gb_new(1, sizeof **out, "hash", err ? err : &local);
    if (!*out) return GB_ESYSTEM;
    (*out)->state = XXH3_createState();
    if (!(*out)->state || XXH3_128bits_reset((*out)->state) != XXH_OK) {
        gb_logits_hash_free(*out);
        *out = NULL;
        return gb_fail(err, GB_ESYSTEM, "hash: out of memory");
    }
    return GB_OK;
}

void gb_logits_hash_free(gb_logits_hash *h) {
    if (!h) return;
    XXH3_freeState(h->state);
    free(h);
}

void gb_logits_hash_add(gb_logits_hash *h, const float *logits, size_t count) {
    uint32_t bits[CHUNK];
    for (size_t start = 0; start < count; start += CHUNK) {
        const size_t n = count - start < CHUNK ? count - start : CHUNK;
        for (size_t i = 0; i < n; i++) {
            const uint32_t u = gb_f32_bits(logits[start + i]);
            bits[i] = (u & 0x7fffffffU) > 0x7f800000U ? 0x7fc00000U : u;
        }
        XXH3_128bits_update(h->state, bits, n * sizeof bits[0]); /* both supported architectures are little-endian */
    }
}

void gb_logits_hash_text(const gb_logits_hash *h, char text[33]) {
    const XXH128_hash_t d = XXH3_128bits_digest(h->state);
    (void)snprintf(text, 33, "%016llx%016llx", (unsigned long long)d.high64, (unsigned long long)d.low64);
}

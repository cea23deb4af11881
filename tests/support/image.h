/* GGUF files built byte by byte, right or wrong, without the writer that is under test. */
#ifndef GB_TESTS_IMAGE_H
#define GB_TESTS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

typedef struct image {
    uint8_t bytes[1 << 16];
    size_t size;
} image;

void image_raw(image *im, const void *data, size_t size);
void image_u32(image *im, uint32_t v);
void image_u64(image *im, uint64_t v);
void image_str(image *im, const char *s);
/* Magic, version 3 and the counts. */
void image_begin(image *im, uint64_t tensors, uint64_t keys);
/* A key's name and value type; the value follows. */
void image_key(image *im, const char *name, uint32_t type);
void image_key_u32(image *im, const char *name, uint32_t v);
/* The same for an importance matrix: its four keys, with these datasets (NULL after the last). */
void image_begin_imatrix(image *im, uint64_t tensors, const char *const *datasets, uint32_t chunks);
/* One entry of the tensor list; sizes beyond dims are ignored. */
void image_tensor(image *im, const char *name, uint32_t dims, const uint64_t ne[4], uint32_t type, uint64_t offset);
/* Zeros up to the alignment, then `size` bytes of data. */
void image_data(image *im, size_t alignment, size_t size);

/* A scratch directory for one test: enter and leave are its fixture. */
void scratch_enter(void);
void scratch_leave(void);
/* Path of `name` in it; the result lives until the next call but three. */
const char *scratch(const char *name);
/* Directory entries, hidden ones too. */
size_t scratch_entries(void);
/* Fails the running test unless both files hold the same bytes. */
void scratch_same_bytes(const char *a, const char *b);
/* Writes the image as `name`, returns its path. */
const char *image_save(const image *im, const char *name);

#endif

#include "tests/support/image.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void image_raw(image *im, const void *data, size_t size) {
    ck_assert_uint_le(size, sizeof im->bytes - im->size);
    memcpy(im->bytes + im->size, data, size);
    im->size += size;
}

void image_u32(image *im, uint32_t v) {
    image_raw(im, &v, sizeof v);
}

void image_u64(image *im, uint64_t v) {
    image_raw(im, &v, sizeof v);
}

void image_str(image *im, const char *s) {
    image_u64(im, strlen(s));
    image_raw(im, s, strlen(s));
}

void image_begin(image *im, uint64_t tensors, uint64_t keys) {
    im->size = 0;
    image_raw(im, "GGUF", 4);
    image_u32(im, 3);
    image_u64(im, tensors);
    image_u64(im, keys);
}

void image_key(image *im, const char *name, uint32_t type) {
    image_str(im, name);
    image_u32(im, type);
}

void image_key_u32(image *im, const char *name, uint32_t v) {
    image_key(im, name, 4);
    image_u32(im, v);
}

void image_tensor(image *im, const char *name, uint32_t dims, const uint64_t ne[4], uint32_t type, uint64_t offset) {
    image_str(im, name);
    image_u32(im, dims);
    for (uint32_t d = 0; d < dims && d < 4; d++) image_u64(im, ne[d]);
    image_u32(im, type);
    image_u64(im, offset);
}

void image_data(image *im, size_t alignment, size_t size) {
    while (im->size % alignment) image_raw(im, "", 1);
    for (size_t i = 0; i < size; i++) image_raw(im, "\x01", 1); /* as f16 a tiny number, not NaN */
}

static char dir[64];

void scratch_enter(void) {
    (void)snprintf(dir, sizeof dir, "/tmp/gb-test-gguf-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
}

const char *scratch(const char *name) {
    static char paths[4][384];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", dir, name);
    return path;
}

/* Counts the entries and, if asked, removes them. */
static size_t each_entry(int remove_them) {
    size_t count = 0;
    DIR *d = opendir(dir);
    ck_assert_ptr_nonnull(d);
    for (const struct dirent *e; (e = readdir(d));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        if (remove_them) (void)remove(scratch(e->d_name));
        count++;
    }
    (void)closedir(d);
    return count;
}

void scratch_leave(void) {
    (void)each_entry(1);
    (void)rmdir(dir);
}

size_t scratch_entries(void) {
    return each_entry(0);
}

const char *image_save(const image *im, const char *name) {
    const char *path = scratch(name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(im->bytes, 1, im->size, f), im->size);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

#include "tests/support/image.h"

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/file.h"

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

void image_begin_imatrix(image *im, uint64_t tensors, const char *const *datasets, uint32_t chunks) {
    uint64_t count = 0;
    while (datasets[count]) count++;
    image_begin(im, tensors, 4);
    image_key(im, "general.type", 8); /* a string */
    image_str(im, "imatrix");
    image_key(im, "imatrix.datasets", 9); /* an array of strings */
    image_u32(im, 8);
    image_u64(im, count);
    for (uint64_t i = 0; i < count; i++) image_str(im, datasets[i]);
    image_key_u32(im, "imatrix.chunk_count", chunks);
    image_key_u32(im, "imatrix.chunk_size", 512);
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

void scratch_same_bytes(const char *a, const char *b) {
    gb_error err = {0};
    gb_map x;
    gb_map y;
    ck_assert_msg(gb_map_open(a, &x, &err) == GB_OK, "%s", err.text);
    ck_assert_msg(gb_map_open(b, &y, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(x.size, y.size);
    ck_assert_msg(memcmp(x.data, y.data, x.size) == 0, "%s and %s differ", a, b);
    gb_map_close(&x);
    gb_map_close(&y);
}

const char *image_save(const image *im, const char *name) {
    const char *path = scratch(name);
    FILE *f = fopen(path, "wb");
    ck_assert_ptr_nonnull(f);
    ck_assert_uint_eq(fwrite(im->bytes, 1, im->size, f), im->size);
    ck_assert_int_eq(fclose(f), 0);
    return path;
}

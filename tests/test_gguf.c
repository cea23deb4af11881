/* GGUF reader and writer: a hostile file that crashes, hangs, takes memory by its own word or passes as a model; a
 * writer whose files do not read back. */
#include <check.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/rng.h"
#include "model/gguf.h"
#include "tests/support/image.h"
#include "tests/support/suite.h"

static image im;
static gb_error err;

static const uint64_t vector4[4] = {4, 1, 1, 1};
static const uint64_t block32[4] = {32, 2, 1, 1};

/* From here on an allocation by the file's word fails. The sanitizers need terabytes of address space. */
static void limit_memory(void) {
#ifndef __SANITIZE_ADDRESS__
    const struct rlimit limit = {64U << 20, 64U << 20};
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
#endif
}

/* The file must be refused with a message that names it and says `reason`. */
static void refuse(const char *path, const char *reason) {
    gb_gguf *file = (gb_gguf *)&im; /* must become NULL */
    err.text[0] = '\0';
    ck_assert_int_eq(gb_gguf_open(path, &file, &err), GB_EINPUT);
    ck_assert_ptr_null(file);
    ck_assert_msg(strstr(err.text, path) != NULL, "no path in: %s", err.text);
    ck_assert_msg(strstr(err.text, reason) != NULL, "expected '%s' in: %s", reason, err.text);
}

static void refuse_image(const char *reason) {
    refuse(image_save(&im, "hostile.gguf"), reason);
    ck_assert_msg(strstr(err.text, "offset ") != NULL, "no offset in: %s", err.text);
}

static void accept_image(void) {
    gb_gguf *file = NULL;
    ck_assert_msg(gb_gguf_open(image_save(&im, "good.gguf"), &file, &err) == GB_OK, "%s", err.text);
    gb_gguf_close(file);
}

/* A valid file: a key of every type, arrays, three tensors of different formats. */
static void build_valid(void) {
    image_begin(&im, 3, 10);
    image_key(&im, "general.architecture", 8);
    image_str(&im, "llama");
    image_key_u32(&im, "general.alignment", 64);
    image_key(&im, "u8", 0);
    image_raw(&im, "\xff", 1);
    image_key(&im, "i16", 3);
    image_raw(&im, "\xfe\xff", 2);
    image_key(&im, "f32", 6);
    image_raw(&im, &(float){1.5F}, 4);
    image_key(&im, "flag", 7);
    image_raw(&im, "\x01", 1);
    image_key(&im, "big", 10);
    image_u64(&im, UINT64_MAX);
    image_key(&im, "words", 9);
    image_u32(&im, 8);
    image_u64(&im, 2);
    image_str(&im, "one");
    image_str(&im, "");
    image_key(&im, "bytes", 9);
    image_u32(&im, 1);
    image_u64(&im, 3);
    image_raw(&im, "\x01\xff\x7f", 3);
    image_key(&im, "f64", 12);
    image_raw(&im, &(double){-0.25}, 8);
    image_tensor(&im, "a", 1, vector4, 0, 0);
    image_tensor(&im, "b.weight", 2, block32, 8, 64);
    image_tensor(&im, "c.weight", 1, (const uint64_t[4]){256, 1, 1, 1}, 12, 192);
    image_data(&im, 64, 192 + 144);
}

/* Values, sizes and positions are read as they were written. */
START_TEST(reads_what_is_there) {
    build_valid();
    gb_gguf *f = NULL;
    const char *path = image_save(&im, "valid.gguf");
    ck_assert_msg(gb_gguf_open(path, &f, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(f->version, 3);
    ck_assert_uint_eq(f->alignment, 64);
    ck_assert_uint_eq(f->key_count, 10);
    ck_assert_uint_eq(f->tensor_count, 3);
    const gb_tensor *b = gb_gguf_find_tensor(f, "b.weight");
    ck_assert_ptr_nonnull(b);
    ck_assert_int_eq(b->format, GB_FORMAT_q8_0);
    ck_assert_uint_eq(b->bytes, 68);
    ck_assert_uint_eq(b->offset, f->data_offset + 64);
    ck_assert_ptr_eq(b->data, f->map.data + b->offset);
    ck_assert_uint_eq(gb_tensor_rows(b), 2);
    ck_assert_uint_eq(gb_tensor_blocks(b), 2);
    ck_assert_ptr_null(gb_gguf_find_tensor(f, "b"));
    uint64_t u = 0;
    ck_assert_int_eq(gb_gguf_get_u64(f, "u8", &u, &err), GB_OK);
    ck_assert_uint_eq(u, 255);
    ck_assert_int_eq(gb_gguf_get_u64(f, "big", &u, &err), GB_OK);
    ck_assert_uint_eq(u, UINT64_MAX);
    ck_assert_int_eq(gb_gguf_get_u64_or(f, "absent", 7, &u, &err), GB_OK);
    ck_assert_uint_eq(u, 7);
    float x = 0;
    ck_assert_int_eq(gb_gguf_get_f32(f, "f32", &x, &err), GB_OK);
    ck_assert_float_eq(x, 1.5F);
    ck_assert_int_eq(gb_gguf_get_f32_or(f, "f64", 9, &x, &err), GB_OK);
    ck_assert_float_eq(x, -0.25F);
    bool flag = false;
    ck_assert_int_eq(gb_gguf_get_bool_or(f, "flag", false, &flag, &err), GB_OK);
    ck_assert(flag);
    const gb_str *words = NULL;
    size_t count = 0;
    ck_assert_int_eq(gb_gguf_get_str_array(f, "words", &words, &count, &err), GB_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert(gb_str_equal(words[0], "one") && gb_str_equal(words[1], ""));
    int32_t *bytes = NULL;
    ck_assert_int_eq(gb_gguf_get_i32_array(f, "bytes", &bytes, &count, &err), GB_OK);
    ck_assert_uint_eq(count, 3);
    ck_assert_int_eq(bytes[0], 1);
    ck_assert_int_eq(bytes[1], -1);
    ck_assert_int_eq(bytes[2], 127);
    free(bytes);
    gb_gguf_close(f);
}
END_TEST

/* A key of the wrong type, out of range or absent is an error that names the file and the key. */
START_TEST(getters_refuse) {
    build_valid();
    gb_gguf *f = NULL;
    ck_assert_int_eq(gb_gguf_open(image_save(&im, "valid.gguf"), &f, &err), GB_OK);
    uint64_t u = 0;
    float x = 0;
    bool flag = false;
    gb_str s;
    int32_t *ints = NULL;
    float *floats = NULL;
    size_t count = 0;
    ck_assert_int_eq(gb_gguf_get_u64(f, "absent", &u, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "'absent' is missing"));
    ck_assert_int_eq(gb_gguf_get_u64(f, "i16", &u, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "-2"));
    ck_assert_int_eq(gb_gguf_get_u64_or(f, "f32", 1, &u, &err), GB_EINPUT);
    ck_assert_ptr_nonnull(strstr(err.text, "expected an integer"));
    ck_assert_int_eq(gb_gguf_get_f32(f, "u8", &x, &err), GB_EINPUT);
    ck_assert_int_eq(gb_gguf_get_bool_or(f, "u8", false, &flag, &err), GB_EINPUT);
    ck_assert_int_eq(gb_gguf_get_str(f, "words", &s, &err), GB_EINPUT);
    ck_assert_int_eq(gb_gguf_get_i32_array(f, "words", &ints, &count, &err), GB_EINPUT);
    ck_assert_ptr_null(ints);
    ck_assert_int_eq(gb_gguf_get_f32_array(f, "bytes", &floats, &count, &err), GB_EINPUT);
    ck_assert_ptr_null(floats);
    ck_assert_int_eq(gb_gguf_get_f32_array(f, "f32", &floats, &count, &err), GB_EINPUT);
    gb_gguf_close(f);
}
END_TEST

/* A NaN or infinite metadata float must not reach the engine. */
START_TEST(getters_refuse_infinity) {
    image_begin(&im, 0, 1);
    image_key(&im, "eps", 6);
    image_raw(&im, &(float){INFINITY}, 4);
    gb_gguf *f = NULL;
    float x = 0;
    ck_assert_int_eq(gb_gguf_open(image_save(&im, "valid.gguf"), &f, &err), GB_OK);
    ck_assert_int_eq(gb_gguf_get_f32_or(f, "eps", 1, &x, &err), GB_EINPUT);
    gb_gguf_close(f);
}
END_TEST

/* Cut anywhere, the file is refused, whether the cut falls into a count, a string, the padding or the data. */
START_TEST(truncated_at_every_byte) {
    build_valid();
    const size_t whole = im.size;
    const char *path = image_save(&im, "cut.gguf");
    for (size_t size = whole; size-- > 0;) {
        ck_assert_int_eq(truncate(path, (off_t)size), 0);
        refuse(path, size == 0 ? "empty" : "offset ");
    }
}
END_TEST

/* The same with the cut at the end of a page, where the mapping ends: a read past the cut would be a crash. */
START_TEST(truncated_at_the_page) {
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    static image whole;
    build_valid();
    whole = im;
    const size_t after_counts = 24;
    const size_t filler_head = 8 + 6 + 4 + 8; /* a key "filler" of a string */
    for (size_t keep = 0; keep < whole.size - after_counts; keep++) {
        image_begin(&im, 3, 11);
        image_key(&im, "filler", 8);
        const size_t filler = page - keep - after_counts - filler_head;
        image_u64(&im, filler);
        for (size_t i = 0; i < filler; i++) image_raw(&im, "x", 1);
        image_raw(&im, whole.bytes + after_counts, keep);
        ck_assert_uint_eq(im.size, page);
        refuse_image("offset ");
    }
}
END_TEST

/* Counts near 2^63 and 2^64 are refused before anything is allocated for them. */
START_TEST(absurd_counts) {
    static const uint64_t absurd[] = {UINT64_MAX, (uint64_t)1 << 63, (uint64_t)1 << 61, 1000000};
    limit_memory();
    for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        image_begin(&im, absurd[i], 0);
        image_data(&im, 32, 64);
        refuse_image("tensors cannot be described");
        image_begin(&im, 0, absurd[i]);
        image_data(&im, 32, 64);
        refuse_image("keys cannot lie");
        image_begin(&im, 0, 1);
        image_u64(&im, absurd[i]);
        image_data(&im, 32, 64);
        refuse_image("a key name is said to have");
        image_begin(&im, 0, 1);
        image_key(&im, "k", 8);
        image_u64(&im, absurd[i]);
        refuse_image("a string value is said to have");
        for (uint32_t element = 0; element < 13; element++) {
            if (element == 9) continue;
            image_begin(&im, 0, 1);
            image_key(&im, "k", 9);
            image_u32(&im, element);
            image_u64(&im, absurd[i]);
            image_data(&im, 32, 64);
            refuse_image("an array is said to have");
        }
    }
    image_begin(&im, 0, 1); /* the count fits, the last string does not */
    image_key(&im, "k", 9);
    image_u32(&im, 8);
    image_u64(&im, 2);
    image_str(&im, "ok");
    image_u64(&im, 9);
    image_raw(&im, "12345678", 8);
    refuse_image("a string of an array is said to have 9 bytes");
}
END_TEST

/* Other files, other byte orders and other versions are named as what they are. */
START_TEST(magic_and_version) {
    build_valid();
    memcpy(im.bytes, "GGML", 4);
    refuse_image("not a GGUF file: magic 47 47 4d 4c");
    memcpy(im.bytes, "FUGG", 4);
    refuse_image("byte-swapped");
    memcpy(im.bytes, "GGUF\0\0\0\3", 8);
    refuse_image("big-endian GGUF (version 3)");
    for (uint8_t version = 0; version < 9; version++) {
        if (version == 3) continue;
        im.bytes[4] = version;
        im.bytes[7] = 0;
        refuse_image(version == 1   ? "GGUF version 1 of 2023"
                     : version == 2 ? "GGUF version 2 of 2023"
                                    : "unknown GGUF version");
    }
}
END_TEST

START_TEST(no_file) {
    refuse(scratch("absent.gguf"), "No such file");
    refuse(scratch(""), "directory");
    im.size = 0;
    refuse_image("empty");
    im.size = 3;
    refuse_image("inside the magic");
}
END_TEST

static void refuse_key(uint32_t type, const void *value, size_t size, const char *reason) {
    image_begin(&im, 0, 1);
    image_key(&im, "k", type);
    image_raw(&im, value, size);
    image_data(&im, 1, 8); /* enough bytes for a key, so that its type is what is wrong */
    refuse_image(reason);
}

/* Value types that the format does not have, and bools that are neither. */
START_TEST(value_types) {
    static const uint32_t nested[3] = {9, 1, 0};
    static const uint32_t unknown[3] = {13, 1, 0};
    static const uint8_t bools[15] = {7, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3};
    refuse_key(13, "", 0, "unknown value type 13");
    refuse_key(UINT32_MAX, "", 0, "unknown value type 4294967295");
    refuse_key(9, nested, sizeof nested, "nested arrays");
    refuse_key(9, unknown, sizeof unknown, "unknown array element type 13");
    refuse_key(7, "\x02", 1, "a bool is 2");
    refuse_key(9, bools, sizeof bools, "a bool is 3");
}
END_TEST

/* Two values or tensors of one name: which one counts would depend on the reader. */
START_TEST(duplicates) {
    image_begin(&im, 0, 3);
    image_key_u32(&im, "same", 1);
    image_key_u32(&im, "other", 1);
    image_key_u32(&im, "same", 2);
    refuse_image("the key 'same' occurs twice");
    image_begin(&im, 3, 0);
    image_tensor(&im, "same", 1, vector4, 0, 0);
    image_tensor(&im, "sam", 1, vector4, 0, 32);
    image_tensor(&im, "same", 1, vector4, 0, 64);
    image_data(&im, 32, 80);
    refuse_image("the tensor 'same' occurs twice");
}
END_TEST

/* Names must not smuggle control characters into terminals, nor be empty or endless. */
START_TEST(names) {
    image_begin(&im, 0, 1);
    image_key_u32(&im, "a\x1b[2J", 1);
    refuse_image("control character 0x1b");
    image_begin(&im, 0, 1);
    image_key_u32(&im, "", 1);
    refuse_image("a key name has 0 bytes");
    image_begin(&im, 1, 0);
    image_tensor(&im, "12345678901234567890123456789012345678901234567890123456789012345", 1, vector4, 0, 0);
    image_data(&im, 32, 32);
    refuse_image("a tensor name has 65 bytes");
    char shown[GB_SHOWN];
    ck_assert_str_eq(gb_str_show((gb_str){"a\x1b\x7f", 3}, shown), "a\\x1b\\x7f");
    char longer[400];
    memset(longer, '\n', sizeof longer);
    ck_assert_uint_lt(strlen(gb_str_show((gb_str){longer, sizeof longer}, shown)), GB_SHOWN);
    memset(longer, 'x', sizeof longer);
    ck_assert_uint_eq(strlen(gb_str_show((gb_str){longer, GB_SHOWN - 1}, shown)), GB_SHOWN - 1);
    ck_assert_ptr_nonnull(strstr(gb_str_show((gb_str){longer, GB_SHOWN}, shown), "x..."));
}
END_TEST

static void refuse_tensor(uint32_t dims, const uint64_t ne[4], uint32_t type, uint64_t offset, const char *reason) {
    image_begin(&im, 1, 0);
    image_tensor(&im, "t", dims, ne, type, offset);
    image_data(&im, 32, 64);
    refuse_image(reason);
}

START_TEST(tensor_sizes) {
    const uint64_t huge = (uint64_t)1 << 32;
    refuse_tensor(0, vector4, 0, 0, "has 0 dimensions");
    refuse_tensor(5, vector4, 0, 0, "has 5 dimensions");
    refuse_tensor(UINT32_MAX, vector4, 0, 0, "has 4294967295 dimensions");
    refuse_tensor(2, (const uint64_t[4]){0, 4, 1, 1}, 0, 0, "size 1 of 2 is 0");
    refuse_tensor(2, (const uint64_t[4]){4, 0, 1, 1}, 0, 0, "size 2 of 2 is 0");
    refuse_tensor(4, (const uint64_t[4]){huge, huge, huge, huge}, 0, 0, "number of elements is absurd");
    refuse_tensor(2, (const uint64_t[4]){huge, huge, 1, 1}, 0, 0, "number of elements is absurd"); /* 2^64 = 0 */
    refuse_tensor(1, (const uint64_t[4]){UINT64_MAX, 1, 1, 1}, 1, 0, "number of elements is absurd");
    refuse_tensor(1, (const uint64_t[4]){33, 1, 1, 1}, 8, 0, "not a multiple of Q8_0's block of 32");
    refuse_tensor(2, (const uint64_t[4]){128, 2, 1, 1}, 12, 0, "not a multiple of Q4_K's block of 256");
    refuse_tensor(1, (const uint64_t[4]){(uint64_t)1 << 59, 1, 1, 1}, 0, 0, "the file ends");
    refuse_tensor(1, (const uint64_t[4]){17, 1, 1, 1}, 0, 0, "the file ends");
}
END_TEST

/* Types that cannot be used are refused by name: removed, without kernels, of activations, of a fork, unknown. */
START_TEST(tensor_types) {
    static const struct {
        uint32_t type;
        const char *reason;
    } cases[] = {{4, "type 4 (Q4_2) was removed"},          {5, "type 5 (Q4_3) was removed"},
                 {31, "type 31 (Q4_0_4_4) was removed"},    {32, "type 32 (Q4_0_4_8) was removed"},
                 {33, "type 33 (Q4_0_8_8) was removed"},    {36, "type 36 (IQ4_NL_4_4) was removed"},
                 {37, "type 37 (IQ4_NL_4_8) was removed"},  {38, "type 38 (IQ4_NL_8_8) was removed"},
                 {15, "type 15 (Q8_K) is for activations"}, {28, "type 28 (F64) has no kernels"},
                 {137, "type 137 belongs to ik_llama.cpp"}, {43, "unknown type 43"},
                 {UINT32_MAX, "unknown type 4294967295"}};
    static const uint64_t rows256[4] = {256, 1, 1, 1};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refuse_tensor(1, rows256, cases[i].type, 0, cases[i].reason);
}
END_TEST

/* Two tensors of 16 bytes at the given offsets in `size` bytes of data. */
static void two_tensors(uint64_t first, uint64_t second, size_t size) {
    image_begin(&im, 2, 0);
    image_tensor(&im, "one", 1, vector4, 0, first);
    image_tensor(&im, "two", 1, vector4, 0, second);
    image_data(&im, 32, size);
}

/* Every byte of the data section belongs to exactly one tensor or to padding. */
START_TEST(layout) {
    two_tensors(0, 32, 48);
    accept_image();
    two_tensors(32, 0, 48); /* order in the list is free */
    accept_image();
    two_tensors(0, 32, 64); /* padding after the last is fine */
    accept_image();
    two_tensors(0, 32, 65);
    refuse_image("17 bytes after the last tensor belong to nothing");
    two_tensors(0, 0, 48);
    refuse_image("overlaps");
    two_tensors(0, 64, 80);
    refuse_image("belong to nothing");
    two_tensors(32, 64, 80);
    refuse_image("between 'the header' and tensor 'one'");
    two_tensors(0, 16, 48);
    refuse_image("offset 16 is not a multiple of the alignment 32");
    two_tensors(0, UINT64_MAX - 31, 48);
    refuse_image("the file ends before or inside tensor 'two'");
    two_tensors(0, 32, 47);
    refuse_image("the file ends before or inside tensor 'two'");
    image_begin(&im, 0, 0); /* no tensors: a vocabulary; nothing may follow but padding */
    accept_image();
    image_data(&im, 32, 1);
    refuse_image("after the last tensor");
}
END_TEST

START_TEST(alignments) {
    static const uint32_t absurd[] = {0, 1, 4, 24, 48, 131072, (uint32_t)1 << 31, UINT32_MAX};
    for (size_t i = 0; i < sizeof absurd / sizeof absurd[0]; i++) {
        image_begin(&im, 0, 1);
        image_key_u32(&im, "general.alignment", absurd[i]);
        image_data(&im, 8, 0);
        refuse_image("expected a power of two");
    }
    image_begin(&im, 0, 1);
    image_key(&im, "general.alignment", 8);
    image_str(&im, "32");
    refuse_image("of type string, expected u32");
    image_begin(&im, 1, 1);
    image_key_u32(&im, "general.alignment", 8);
    image_tensor(&im, "t", 1, vector4, 0, 0);
    image_data(&im, 8, 16);
    accept_image();
}
END_TEST

static void put_scale(gb_format format, uint8_t *at, uint16_t value) {
    if (format == GB_FORMAT_iq1_m) /* in pieces */
        gb_iq1_m_set_d((gb_block_iq1_m *)(void *)at, value);
    else
        memcpy(at, &value, sizeof value);
}

/* A NaN or infinite scale in any block, the first, the last or one between, is found and named; 65504 is not. */
START_TEST(wild_scales) {
    static const struct {
        gb_format format;
        size_t at; /* of a 16-bit scale in the block */
    } cases[] = {{GB_FORMAT_q8_0, 0},    {GB_FORMAT_q4_0, 0},   {GB_FORMAT_q4_K, 0},   {GB_FORMAT_q4_K, 2},
                 {GB_FORMAT_q6_K, 208},  {GB_FORMAT_f16, 0},    {GB_FORMAT_bf16, 0},   {GB_FORMAT_f32, 2},
                 {GB_FORMAT_q4_1, 0},    {GB_FORMAT_q4_1, 2},   {GB_FORMAT_q5_0, 0},   {GB_FORMAT_q5_1, 0},
                 {GB_FORMAT_q5_1, 2},    {GB_FORMAT_iq4_nl, 0}, {GB_FORMAT_iq4_xs, 0}, {GB_FORMAT_q2_K, 80},
                 {GB_FORMAT_q2_K, 82},   {GB_FORMAT_q3_K, 108}, {GB_FORMAT_q5_K, 0},   {GB_FORMAT_q5_K, 2},
                 {GB_FORMAT_q1_0, 0},    {GB_FORMAT_q2_0, 0},   {GB_FORMAT_tq1_0, 52}, {GB_FORMAT_tq2_0, 64},
                 {GB_FORMAT_iq3_xxs, 0}, {GB_FORMAT_iq3_s, 0},  {GB_FORMAT_iq1_s, 0},  {GB_FORMAT_iq1_m, 0},
                 {GB_FORMAT_iq2_xxs, 0}, {GB_FORMAT_iq2_xs, 0}, {GB_FORMAT_iq2_s, 0}};
    static const uint16_t wild16[] = {0x7c00, 0xfc00, 0x7e01, 0xffff};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const gb_format_info *info = &gb_formats[cases[i].format];
        enum { BLOCKS = 20 };
        for (uint64_t block = 0; block < BLOCKS; block++) {
            image_begin(&im, 1, 0);
            image_tensor(&im, "t", 1, (const uint64_t[4]){info->block_elems * BLOCKS, 1, 1, 1}, info->ggml_type, 0);
            image_data(&im, 32, 0);
            const size_t data = im.size;
            image_data(&im, 1, info->block_bytes * BLOCKS);
            uint8_t *scale = im.bytes + data + block * info->block_bytes + cases[i].at;
            const bool is_f16 = info->block_elems > 1 || cases[i].format == GB_FORMAT_f16;
            const uint16_t largest = is_f16 ? 0x7bff : 0x7f7f;
            const uint16_t bad = is_f16 ? wild16[block % 4] : block % 2 ? 0x7f80 : 0xffc0;
            put_scale(cases[i].format, scale, largest);
            gb_gguf *f = NULL;
            ck_assert_int_eq(gb_gguf_open(image_save(&im, "scales.gguf"), &f, &err), GB_OK);
            ck_assert_msg(gb_gguf_check_scales(f, &err) == GB_OK, "%s: %s", info->name, err.text);
            gb_gguf_close(f);
            put_scale(cases[i].format, scale, bad);
            ck_assert_int_eq(gb_gguf_open(image_save(&im, "scales.gguf"), &f, &err), GB_OK);
            ck_assert_msg(gb_gguf_check_scales(f, &err) == GB_EINPUT, "%s block %zu", info->name, (size_t)block);
            char expected[128];
            snprintf(expected, sizeof expected, "offset %zu: tensor 't': %s %zu", data + block * info->block_bytes,
                     info->block_elems == 1 ? "element" : "a scale of block", (size_t)block);
            ck_assert_msg(strstr(err.text, expected) != NULL, "expected '%s' in: %s", expected, err.text);
            ck_assert_int_eq(gb_tensor_check_scales(f, f->tensors, 0, block, &err), GB_OK);
            ck_assert_int_eq(gb_tensor_check_scales(f, f->tensors, block, 1, &err), GB_EINPUT);
            ck_assert_int_eq(gb_tensor_check_scales(f, f->tensors, block + 1, BLOCKS - block - 1, &err), GB_OK);
            gb_gguf_close(f);
        }
    }
}
END_TEST

/* The NaN of E8M0, which the decoder takes for a number; 254 is one. */
START_TEST(wild_exponents) {
    for (uint64_t block = 0; block < 3; block++) {
        image_begin(&im, 1, 0);
        image_tensor(&im, "t", 1, (const uint64_t[4]){96, 1, 1, 1}, 39, 0);
        image_data(&im, 32, 0);
        const size_t data = im.size;
        image_data(&im, 1, 51);
        for (unsigned e = 254; e <= 255; e++) {
            im.bytes[data + block * 17] = (uint8_t)e;
            gb_gguf *f = NULL;
            ck_assert_int_eq(gb_gguf_open(image_save(&im, "scales.gguf"), &f, &err), GB_OK);
            ck_assert_int_eq(gb_gguf_check_scales(f, &err), e == 255 ? GB_EINPUT : GB_OK);
            gb_gguf_close(f);
        }
    }
}
END_TEST

/* Flipped bits and bytes in the header: accepted or refused, but no crash, no hang, no memory by the file's word, and
 * whatever is accepted stays inside the mapping. */
START_TEST(flipped_bytes) {
    build_valid();
    const size_t header = im.size - (192 + 144);
    const char *path = image_save(&im, "flipped.gguf");
    const int fd = open(path, O_WRONLY);
    ck_assert_int_ge(fd, 0);
    limit_memory();
    gb_rng rng;
    gb_rng_seed(&rng, 1, "flipped_bytes");
    size_t accepted = 0;
    for (int round = 0; round < 6000; round++) {
        size_t at[3];
        const size_t flips = 1 + gb_rng_below(&rng, 3);
        for (size_t i = 0; i < flips; i++) {
            at[i] = gb_rng_below(&rng, (uint32_t)header);
            uint8_t byte = (uint8_t)gb_rng_u64(&rng);
            if (gb_rng_below(&rng, 2)) byte = (uint8_t)(im.bytes[at[i]] ^ 1U << gb_rng_below(&rng, 8));
            ck_assert_int_eq(pwrite(fd, &byte, 1, (off_t)at[i]), 1);
        }
        gb_gguf *f = NULL;
        err.text[0] = '\0';
        const int rc = gb_gguf_open(path, &f, &err);
        ck_assert_msg(rc == GB_OK || rc == GB_EINPUT, "round %d: %s", round, err.text);
        if (rc == GB_OK) {
            accepted++;
            for (size_t i = 0; i < f->tensor_count; i++)
                ck_assert_uint_le(f->tensors[i].offset + f->tensors[i].bytes, f->map.size);
            (void)gb_gguf_check_scales(f, &err);
        } else {
            ck_assert_str_ne(err.text, "");
        }
        gb_gguf_close(f);
        for (size_t i = 0; i < flips; i++) ck_assert_int_eq(pwrite(fd, &im.bytes[at[i]], 1, (off_t)at[i]), 1);
    }
    (void)close(fd);
    ck_assert_uint_gt(accepted, 100); /* names and values may change: else the loop tests only the magic */
    ck_assert_uint_lt(accepted, 5000);
}
END_TEST

static gb_str text(const char *s) {
    return (gb_str){s, strlen(s)};
}

/* What the writer wrote, the reader reads, keys copied from another file included; bytes come in odd pieces. */
START_TEST(write_and_read) {
    build_valid();
    gb_gguf *in = NULL;
    ck_assert_int_eq(gb_gguf_open(image_save(&im, "valid.gguf"), &in, &err), GB_OK);
    const char *path = scratch("written.gguf");
    gb_gguf_writer *w = NULL;
    ck_assert_int_eq(gb_gguf_writer_new(path, &w, &err), GB_OK);
    for (size_t i = 0; i < in->key_count; i++) ck_assert_int_eq(gb_gguf_put_key(w, &in->keys[i], &err), GB_OK);
    const float floats[2] = {0.5F, -1};
    const int32_t ints[3] = {1, -2, 3};
    ck_assert_int_eq(gb_gguf_put_u32(w, "new.u32", 5, &err), GB_OK);
    ck_assert_int_eq(gb_gguf_put_f32(w, "new.f32", 2.5F, &err), GB_OK);
    ck_assert_int_eq(gb_gguf_put_bool(w, "new.bool", true, &err), GB_OK);
    ck_assert_int_eq(gb_gguf_put_str(w, "new.str", "text", &err), GB_OK);
    ck_assert_int_eq(gb_gguf_put_f32_array(w, "new.floats", floats, 2, &err), GB_OK);
    ck_assert_int_eq(gb_gguf_put_i32_array(w, "new.ints", ints, 3, &err), GB_OK);
    ck_assert_int_eq(gb_gguf_put_str_array(w, "new.none", NULL, 0, &err), GB_OK);
    uint8_t data[16 + 68 + 144];
    size_t total = 0;
    for (size_t i = 0; i < in->tensor_count; i++) {
        const gb_tensor *t = &in->tensors[i];
        ck_assert_int_eq(gb_gguf_put_tensor(w, t->name, t->dims, t->ne, t->format, &err), GB_OK);
        memcpy(data + total, t->data, (size_t)t->bytes);
        total += (size_t)t->bytes;
    }
    ck_assert_int_eq(gb_gguf_begin_data(w, &err), GB_OK);
    for (size_t at = 0, step = 1; at < total; at += step, step = step * 3 % 61) {
        if (step > total - at) step = total - at;
        ck_assert_int_eq(gb_gguf_write_data(w, data + at, step, &err), GB_OK);
    }
    ck_assert_int_ne(access(path, F_OK), 0); /* not before it is complete */
    ck_assert_int_eq(gb_gguf_writer_commit(w, &err), GB_OK);
    gb_gguf *out = NULL;
    ck_assert_msg(gb_gguf_open(path, &out, &err) == GB_OK, "%s", err.text);
    ck_assert_uint_eq(out->alignment, 64); /* followed the copied key */
    ck_assert_uint_eq(out->key_count, in->key_count + 7);
    for (size_t i = 0; i < in->key_count; i++) {
        ck_assert_uint_eq(out->keys[i].value_bytes, in->keys[i].value_bytes);
        ck_assert_mem_eq(out->keys[i].value, in->keys[i].value, in->keys[i].value_bytes);
    }
    for (size_t i = 0; i < in->tensor_count; i++) {
        ck_assert_uint_eq(out->tensors[i].bytes, in->tensors[i].bytes);
        ck_assert_mem_eq(out->tensors[i].data, in->tensors[i].data, in->tensors[i].bytes);
    }
    gb_str s;
    ck_assert_int_eq(gb_gguf_get_str(out, "new.str", &s, &err), GB_OK);
    ck_assert(gb_str_equal(s, "text"));
    float *read = NULL;
    size_t count = 0;
    ck_assert_int_eq(gb_gguf_get_f32_array(out, "new.floats", &read, &count, &err), GB_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert(read[0] == floats[0] && read[1] == floats[1]);
    free(read);
    gb_gguf_close(out);
    gb_gguf_close(in);
}
END_TEST

/* Too few or too many bytes are errors, and no file is left under any name. */
START_TEST(writer_counts_bytes) {
    for (int surplus = -1; surplus <= 1; surplus += 2) {
        gb_gguf_writer *w = NULL;
        ck_assert_int_eq(gb_gguf_writer_new(scratch("odd.gguf"), &w, &err), GB_OK);
        ck_assert_int_eq(gb_gguf_put_tensor(w, text("t"), 1, vector4, GB_FORMAT_f32, &err), GB_OK);
        ck_assert_int_eq(gb_gguf_begin_data(w, &err), GB_OK);
        const uint8_t data[17] = {0};
        const int rc = gb_gguf_write_data(w, data, surplus > 0 ? 17 : 15, &err);
        ck_assert_int_eq(rc, surplus > 0 ? GB_ESYSTEM : GB_OK);
        if (surplus > 0)
            gb_gguf_writer_abort(w);
        else
            ck_assert_int_eq(gb_gguf_writer_commit(w, &err), GB_ESYSTEM);
        ck_assert_uint_eq(scratch_entries(), 0);
    }
    gb_gguf_writer *w = NULL;
    ck_assert_int_eq(gb_gguf_writer_new(scratch("odd.gguf"), &w, &err), GB_OK);
    ck_assert_int_eq(gb_gguf_put_tensor(w, text("t"), 1, vector4, GB_FORMAT_q8_0, &err), GB_EINPUT);
    gb_gguf_writer_abort(w);
    gb_gguf_writer_abort(NULL);
    gb_gguf_close(NULL);
    ck_assert_uint_eq(scratch_entries(), 0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("gguf");
    TCase *files = tcase_create("files");
    tcase_set_timeout(files, 300);
    tcase_add_checked_fixture(files, scratch_enter, scratch_leave);
    tcase_add_test(files, reads_what_is_there);
    tcase_add_test(files, getters_refuse);
    tcase_add_test(files, getters_refuse_infinity);
    tcase_add_test(files, truncated_at_every_byte);
    tcase_add_test(files, truncated_at_the_page);
    tcase_add_test(files, absurd_counts);
    tcase_add_test(files, magic_and_version);
    tcase_add_test(files, no_file);
    tcase_add_test(files, value_types);
    tcase_add_test(files, duplicates);
    tcase_add_test(files, names);
    tcase_add_test(files, tensor_sizes);
    tcase_add_test(files, tensor_types);
    tcase_add_test(files, layout);
    tcase_add_test(files, alignments);
    tcase_add_test(files, wild_scales);
    tcase_add_test(files, wild_exponents);
    tcase_add_test(files, flipped_bytes);
    tcase_add_test(files, write_and_read);
    tcase_add_test(files, writer_counts_bytes);
    suite_add_tcase(suite, files);
    return run_suite(suite);
}

/* Both sides of the limits of readers and writers, whole messages with their places, and the small
 * parts that these share: quoted texts, base64, numbers. */
#include "bytes.h"
#include "file_lock.h"
#include "gzip.h"
#include "json.h"
#include "number.h"
#include "processes.h"
#include "reader_checks.h"

#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <time.h>

static void expect_whole(format f, const void *at, size_t size, const char *text) {
    assert_string_equal(error_of(f, at, size), text);
}

/* ---- safetensors ---- */

/* The length before the header, and `data` bytes that count up behind it. */
static bytes safetensors_of(const char *header, size_t data) {
    size_t n = strlen(header);
    bytes b = {.size = 8 + n + data};
    for (size_t i = 0; i < 8; i++) b.at[i] = (uint8_t)(n >> 8 * i);
    memcpy(b.at + 8, header, n);
    for (size_t i = 0; i < data; i++) b.at[8 + n + i] = (uint8_t)(i + 1);
    return b;
}

#define X(fields) "{\"x\":{" fields "}}"
#define TENSOR(name, type, shape, from, to) "\"" name "\":{\"dtype\":\"" type "\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}"

static void test_safetensors_messages(void **state) {
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        const char *text;
    } rows[] = {
        {"{" TENSOR("x", "F32", "{}", "0", "4") "}", 4, "byte 10: tensor \"x\": shape must be an array"},
        {X("\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":4"), 4, "byte 10: tensor \"x\": data_offsets must be an array"},
        {X("\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4,8]"), 4, "byte 10: tensor \"x\": data_offsets has 3 numbers (expected 2)"},
        {X("\"dtype\":\"C64\",\"shape\":[],\"data_offsets\":[0,8]"), 8, "byte 10: tensor \"x\": dtype C64 is valid but not supported here"},
        {"{" TENSOR("x", "F32", "[2]", "0", "12") "}", 8, "byte 10: tensor \"x\": data_offsets [0,12]: past the end (expected 8 at most)"},
        {"{" TENSOR("x", "F32", "[2,0]", "0", "4") "}", 4,
         "byte 10: tensor \"x\": data_offsets [0,4]: wrong size (expected 0 bytes for 0 x F32, found 4)"},
        {"{" TENSOR("x", "F64", "[144115188075855872]", "0", "4") "}", 4,
         "byte 10: tensor \"x\": data_offsets [0,4]: wrong size (expected 1152921504606846976 bytes for 144115188075855872 x F64, found "
         "4)"},
        {"{" TENSOR("x", "F64", "[288230376151711744]", "0", "4") "}", 4, "byte 10: tensor \"x\": shape product overflows"},
        {"{" TENSOR("x", "U8", "[1]", "0", "1") "," TENSOR("y", "U8", "[1]", "3", "4") "}", 4,
         "byte 62: tensor \"y\": data_offsets [3,4]: hole of 2 bytes before it"},
        {"{" TENSOR("x", "U8", "[3]", "0", "3") "," TENSOR("y", "U8", "[2]", "2", "4") "}", 4,
         "byte 62: tensor \"y\": data_offsets [2,4]: overlaps \"x\""},
        {"{" TENSOR("x", "U8", "[1]", "0", "1") "}", 3, "byte 62: 2 bytes after the last tensor (expected 0)"},
        {"{\"__metadata__\":{\"k\":\"v\",\"l\":3}}", 0, "byte 34: __metadata__ \"l\": value must be a string"},
        {"{\"__metadata__\":3}", 0, "byte 24: __metadata__ must be an object"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bytes b = safetensors_of(rows[i].header, rows[i].data);
        char text[512];
        snprintf(text, sizeof text, "safetensors: %s", rows[i].text);
        expect_whole(SAFETENSORS, b.at, b.size, text);
    }
    expect_whole(SAFETENSORS, "1234567", 7, "safetensors: byte 0: too short for the header length (expected 8 bytes or more, found 7)");
    expect_whole(SAFETENSORS, "\x00\xE1\xF5\x05\0\0\0\0{}", 10,
                 "safetensors: byte 0: header length 100000000 exceeds the file (10 bytes)"); /* the limit itself */
    expect_whole(SAFETENSORS, "\x01\xE1\xF5\x05\0\0\0\0{}", 10, "safetensors: byte 0: header length 100000001 is over the limit 100000000");
    expect_error(SAFETENSORS, "\0\0\0\0\0\0\0\0", 8, "safetensors: byte 8: header: the text ends");
}

static void test_safetensors_accepts(void **state) {
    (void)state;
    static const char *const good[] = {
        "{" TENSOR("x", "U8", "[1,2,1,1,1,1,1,2]", "0", "4") "}",
        "{" TENSOR("x", "U8", "[4]", "0", "4") "," TENSOR("e", "F32", "[0]", "0", "0") "," TENSOR("f", "F32", "[0]", "4", "4") "}",
        "{" TENSOR("x", "U8", "[2]", "2", "4") "," TENSOR("y", "U8", "[2]", "0", "2") "}",
        X("\"dtype\":\"U8\",\"more\":{\"a\":[]},\"shape\":[4],\"data_offsets\":[0,4]"),
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        bytes b = safetensors_of(good[i], 4);
        expect_good(SAFETENSORS, b.at, b.size);
        assert_true(fm_data(taken)[taken->count - 1] == 4); /* x is the last of the file in each */
        if (i == 0) assert_int_equal(taken->rank * 10 + (int)taken->shape[7], 82);
    }
}

static void test_safetensors_written(void **state) {
    (void)state;
    fm_error err;
    fm_tensor *t = numbers(1, 1, 0, 0);
    fm_text_pair pairs[] = {{{"b", 1}, {"2", 1}}, {{"a", 1}, {"1", 1}}};
    fm_safetensors s = {.n_metadata = 2, .metadata = pairs};
    assert_true(fm_safetensors_save(in_folder("a"), &s, &err));
    bytes b = file_bytes(in_folder("a"));
    assert_memory_equal(b.at, "\x28\0\0\0\0\0\0\0{\"__metadata__\":{\"a\":\"1\",\"b\":\"2\"}}       ", 48);
    assert_int_equal(b.size, 48);
    fm_named_tensor named[] = {{{"ab", 2}, t}, {{"b", 1}, t}, {{"a", 1}, t}};
    s = (fm_safetensors){.n = 3, .tensors = named};
    assert_true(fm_safetensors_save(in_folder("a"), &s, &err));
    b = file_bytes(in_folder("a"));
    static const char header[] =
        "{" TENSOR("a", "F64", "[1]", "0", "8") "," TENSOR("ab", "F64", "[1]", "8", "16") "," TENSOR("b", "F64", "[1]", "16", "24") "}";
    assert_memory_equal(b.at + 8, header, sizeof header - 1);
    pairs[0].value = (fm_text){"\xFF", 1};
    s = (fm_safetensors){.n_metadata = 2, .metadata = pairs};
    assert_false(fm_safetensors_save("x", &s, &err));
    assert_string_equal(err.text, "x: safetensors: metadata value \"\\xff\" is not UTF-8");
    pairs[1].key = (fm_text){"\xFE", 1};
    assert_false(fm_safetensors_save("x", &s, &err));
    assert_non_null(strstr(err.text, "metadata "));
    static char long_text[2000]; /* each byte of it is six in the file */
    memset(long_text, 1, sizeof long_text);
    fm_text_pair long_pair = {{long_text, 1999}, {long_text, 2000}};
    fm_named_tensor long_name = {{long_text, 2000}, t};
    s = (fm_safetensors){.n = 1, .n_metadata = 1, .tensors = &long_name, .metadata = &long_pair};
    assert_true(fm_safetensors_save(in_folder("a"), &s, &err));
    fm_safetensors back;
    assert_true(fm_safetensors_load(in_folder("a"), &back, &err));
    assert_int_equal(back.tensors[0].name.size + back.metadata[0].key.size + back.metadata[0].value.size, 5999);
    assert_memory_equal(back.tensors[0].name.at, long_text, 2000);
    fm_safetensors_release(&back);
    unlink(in_folder("a"));
    named[0].name = (fm_text){"__metadata__", 12};
    s = (fm_safetensors){.n = 1, .tensors = named};
    assert_false(fm_safetensors_save("x", &s, &err));
    assert_string_equal(err.text, "x: safetensors: the name \"__metadata__\" is the format's own");
    fm_tensor_release(t);
}

/* ---- NPY ---- */

static bytes npy_of(int version, const char *header, const void *data, size_t size) {
    size_t n = strlen(header), width = version == 1 ? 2 : 4;
    bytes b = {.size = 8 + width + n + size};
    memcpy(b.at, "\x93NUMPY", 6);
    b.at[6] = (uint8_t)version;
    for (size_t i = 0; i < width; i++) b.at[8 + i] = (uint8_t)(n >> 8 * i);
    memcpy(b.at + 8 + width, header, n);
    if (size) memcpy(b.at + 8 + width + n, data, size);
    return b;
}

static void test_npy_accepts(void **state) {
    (void)state;
    static const struct {
        int version;
        const char *header;
        const char *data;
        size_t size;
        double last;
    } rows[] = {
        {1, "{\"shape\":(2,),'descr':'|u1','fortran_order':False}", "\1\2", 2, 2},
        {2, "{'descr': '|i1', 'fortran_order': False, 'shape': (2,), }  \n", "\1\xFE", 2, -2},
        {3, "\t{ 'descr' : '<u2' , 'fortran_order' : True , 'shape' : ( 1 , ) } \r\n", "\1\2", 2, 513},
        {1, "{'descr': '>u4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1)}", "\0\0\1\2", 4, 258},
        {1, "{'descr': '<i4', 'fortran_order': False, 'shape': (1L, 1L)}", "\xFE\xFF\xFF\xFF", 4, -2},
        {1, "{'descr': '>i8', 'fortran_order': False, 'shape': ()}", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFD", 8, -3},
        {1, "{'descr': '>u8', 'fortran_order': False, 'shape': ()}", "\0\0\0\0\0\0\1\0", 8, 256},
        {1, "{'descr': '|b1', 'fortran_order': False, 'shape': (3,)}", "\0\0\2", 3, 1},
        {1, "{'descr': '>f4', 'fortran_order': False, 'shape': ()}", "\xC0\x20\0\0", 4, -2.5},
        {1, "{'descr': '>f8', 'fortran_order': False, 'shape': ()}", "\xC0\x04\0\0\0\0\0\0", 8, -2.5},
        {1, "{'descr': '<f2', 'fortran_order': False, 'shape': ()}", "\x01\x80", 2, -0x1p-24},
        {1, "{'descr': '<f2', 'fortran_order': False, 'shape': ()}", "\xFF\x83", 2, -1023 * 0x1p-24},
        {1, "{'descr': '<f2', 'fortran_order': False, 'shape': ()}", "\x00\x84", 2, -0x1p-14},
        {1, "{'descr': '<f2', 'fortran_order': False, 'shape': ()}", "\xFF\x7B", 2, 65504},
        {1, "{'descr': '<f2', 'fortran_order': False, 'shape': ()}", "\x00\xFC", 2, -INFINITY},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bytes b = npy_of(rows[i].version, rows[i].header, rows[i].data, rows[i].size);
        expect_cuts_fail(NPY, &b);
        expect_good(NPY, b.at, b.size);
        double last = (double)fm_data(taken)[taken->count - 1];
        if (last != rows[i].last) fail_msg("%s: %g", rows[i].header, last);
    }
    bytes b = npy_of(1, "{'descr': '<f2', 'fortran_order': False, 'shape': ()}", "\x01\x7C", 2);
    expect_good(NPY, b.at, b.size);
    assert_true(isnan(fm_data(taken)[0]));
    uint8_t in_order[24];
    for (size_t i = 0; i < 24; i++) in_order[i] = (uint8_t)i;
    b = npy_of(1, "{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, 4)}", in_order, 24);
    expect_good(NPY, b.at, b.size);
    for (size_t i = 0; i < 24; i++) { /* entry [h, j, k] is at h + 2 j + 6 k of the file */
        if (fm_data(taken)[i] != (real)(i / 12 + i / 4 % 3 * 2 + i % 4 * 6)) fail_msg("entry %zu", i);
    }
}

static void test_npy_messages(void **state) {
    (void)state;
    static const struct {
        const char *header, *text;
    } rows[] = {
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (02,)}", "byte 61: shape[0] is not a whole number in 0..2^63-1"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1, 9223372036854775808)}",
         "byte 64: shape[1] is not a whole number in 0..2^63-1"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2305843009213693952,)}", "byte 83: shape product overflows"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2305843009213693951,)}",
         "byte 83: wrong size of the data (expected 9223372036854775804 bytes, found 4)"},
        {"{'descr': '|u1', 'fortran_order': False, 'shape': (9223372036854775807,)}",
         "byte 83: wrong size of the data (expected 9223372036854775807 bytes, found 4)"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}", "byte 65: wrong size of the data (expected 0 bytes, found 4)"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}", "byte 59: rank 9 is over the limit 8"},
        {"{'descr': '<f4', 'fortran_order': False}", "byte 50: header: missing key \"shape\""},
        {"{'descr': '<f4', 'shape': (1,)}", "byte 41: header: missing key \"fortran_order\""},
        {"{'descr': '<f4", "byte 24: header: it ends (expected a closing quote)"},
        {"{'descr': <f4'", "byte 20: header: expected a type in quotes, found \"<\""},
        {"{'descr' '<f4'", "byte 19: header: expected ':', found \"'\""},
        {"{'descr': '|O8'", "byte 20: object arrays need pickle, which can run code; refused"},
        {"{'descr': '<c8'", "byte 20: descr \"<c8\" is not supported (supported: f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1)"},
        {"{'descr': '<f4', 'fortran_order': Fals", "byte 44: header: expected True or False, found \"F\""},
        {"{'shape': (2", "byte 22: header: it ends (expected ',')"},
        {"{'d\x7F': ", "byte 13: header: expected a plain character, found \"\\x7f\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bytes b = npy_of(1, rows[i].header, "abcd", 4);
        char text[512];
        snprintf(text, sizeof text, "npy: %s", rows[i].text);
        if (!strchr(rows[i].header, '}')) b.size -= 4;
        expect_whole(NPY, b.at, b.size, text);
    }
    expect_whole(NPY, "\x93NUMPY\1", 7, "npy: byte 7: header is cut");
    expect_whole(NPY, "\x93NUMPY\2\0\1\0\0", 11, "npy: byte 11: header is cut");
    expect_whole(NPY, "\x93NUMPY\0\0\1\0", 10, "npy: byte 6: unsupported version 0.0 (expected 1.0, 2.0 or 3.0)");
    expect_whole(NPY, "\x93NUMPY\1\0\1\0", 10, "npy: byte 8: header length 1 exceeds the file (10 bytes)");
    static uint8_t large[12 + 65537];
    memset(large, ' ', sizeof large);
    memcpy(large, "\x93NUMPY\2\0\1\0\1\0", 12);
    expect_whole(NPY, large, sizeof large, "npy: byte 8: header length 65537 is over the limit 65536");
    large[8] = 0;
    expect_whole(NPY, large, sizeof large - 1, "npy: byte 65548: header: it ends (expected '{')");
}

static void test_npy_written(void **state) {
    (void)state;
    fm_error err;
    fm_tensor *t = numbers(2, 2, 1, 0);
    assert_true(fm_npy_save(in_folder("a.npy"), t, &err));
    fm_tensor_release(t);
    bytes b = file_bytes(in_folder("a.npy"));
    static const char start[] = "\x93NUMPY\1\0\x76\0{'descr': '<f8', 'fortran_order': False, 'shape': (2, 1), }";
    assert_memory_equal(b.at, start, sizeof start - 1);
    for (size_t i = sizeof start - 1; i < 127; i++) assert_int_equal(b.at[i], ' ');
    assert_int_equal(b.at[127], '\n');
    assert_int_equal(b.size, 128 + 16);
}

/* ---- IDX, gzip, CIFAR-10, text vectors, PNG ---- */

static void test_idx_edges(void **state) {
    (void)state;
    static const struct {
        const char *at;
        size_t size;
        double value;
    } rows[] = {{"\0\0\x08\1\0\0\0\1\xFE", 9, 254},
                {"\0\0\x09\1\0\0\0\1\xFE", 9, -2},
                {"\0\0\x0B\1\0\0\0\1\xFF\xFE", 10, -2},
                {"\0\0\x0C\1\0\0\0\1\xFF\xFF\xFF\xFE", 12, -2},
                {"\0\0\x0D\1\0\0\0\1\xC0\x20\0\0", 12, -2.5},
                {"\0\0\x0E\1\0\0\0\1\xC0\x04\0\0\0\0\0\0", 16, -2.5},
                {"\0\0\x08\10\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\7", 37, 7}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect_good(IDX, rows[i].at, rows[i].size);
        assert_true(fm_data(taken)[0] == (real)rows[i].value);
    }
    expect_whole(IDX, "\0\0\x08", 3, "idx: byte 3: header is cut (expected 4 bytes or more, found 3)");
    expect_whole(IDX, "\0\0\x08\2\0\0\0\1\0\0\0", 11, "idx: byte 11: header is cut (expected 12 bytes, found 11)");
    expect_whole(IDX, "\0\1\x08\2", 4, "idx: byte 0: bad magic (expected 00 00, found 00 01)");
    expect_whole(IDX, "\0\0\x08\11", 4, "idx: byte 3: rank 9 is not in 1..8");
    expect_whole(IDX, "\0\0\x08\2\0\0\0\1\0\0\0\0", 12, "idx: byte 8: empty dimension 2");
    expect_whole(IDX, "\0\0\x0B\1\0\0\0\2\0\1\0", 11, "idx: byte 8: wrong size of the data (expected 4 bytes, found 3)");
    expect_whole(IDX, "\0\0\x08\2\x3F\xFF\xFF\xFF\x40\0\0\1", 12,
                 "idx: byte 12: wrong size of the data (expected 1152921504606846975 bytes, found 0)");
    expect_whole(IDX, "\0\0\x08\2\x40\0\0\0\x40\0\0\0", 12, "idx: byte 8: the dimensions overflow");
    assert_true(fm_gzip_is((const uint8_t *)"\x1F\x8B", 2));
    assert_false(fm_gzip_is((const uint8_t *)"\x1F\x8B", 1));
    assert_false(fm_gzip_is((const uint8_t *)"\x1F\x8C", 2));
    assert_int_equal(fm_gzip_most(3), 3096); /* what deflate can make at most of so many bytes */
    assert_true(fm_gzip_most(SIZE_MAX / 1032) == SIZE_MAX / 1032 * 1032 && fm_gzip_most(SIZE_MAX / 1032 + 1) == SIZE_MAX);
}

static void test_cifar_edges(void **state) {
    (void)state;
    bytes b = {.size = 2 * 3073};
    b.at[3073] = 9;
    expect_good(CIFAR, b.at, b.size);
    b.at[3073] = 10;
    expect_whole(CIFAR, b.at, b.size, "cifar10: byte 3073: record 2 has label 10 (expected 0..9)");
    expect_whole(CIFAR, b.at, 0, "cifar10: byte 0: no records");
    expect_whole(CIFAR, b.at, 3075, "cifar10: byte 3073: not a whole number of 3073-byte records (remainder 2)");
    expect_whole(CIFAR, b.at, 2 * 3074,
                 "cifar10: byte 6146: not a whole number of 3073-byte records (remainder 2): it looks like CIFAR-100");
}

static void test_vectors_edges(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"a 1 2\nb 3 4 5\n", ""}, /* a word with a blank in it, as long as it does not end in a fraction */
        {"a 1 2\nb 3 4 .5\n", ""},
        {"a 1 2\nb 3.5 4 .5\n", "vectors: line 2: expected 2 numbers, found 3"},
        {"a 1 2\nb 1 .5 4 .5\n", "vectors: line 2: expected 2 numbers, found 4"},
        {"a 1 2\nb x 4\n", "vectors: line 2: number 2 of 2 from the right: not a finite decimal number: \"x\""},
        {"a 1 2 3\nb 1\n", "vectors: line 2: expected 3 numbers, found 1"},
        {"1 2\na 1 2\na 1 2\n", "vectors: the header says 1 vectors, found 2"},
        {"2 2\na 1 2\na 1 2\n", "vectors: line 3: duplicate word \"a\", first at line 2"},
        {"ab 1\na 2\nb 3\na 4\n", "vectors: line 4: duplicate word \"a\", first at line 2"},
        {"2 1\na 1\nb x\n", "vectors: line 3: number 1 of 1 from the right: not a finite decimal number: \"x\""},
        {"100000000000 1\na 1\n",
         "vectors: the header says 100000000000 vectors, found 1 (for vectors of one number put a header above: their count, and 1)"},
        {"2 0\na 0\n", ""}, /* 0 numbers make no header */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) expect_whole(VECTORS, rows[i][0], strlen(rows[i][0]), rows[i][1]);
    enum { LIMIT = 1 << 20 };
    char *line = malloc(LIMIT + 8);
    memset(line, 'w', LIMIT + 8);
    memcpy(line + LIMIT - 2, " 1", 2);
    expect_good(VECTORS, line, LIMIT);
    memcpy(line + LIMIT - 2, "w 1", 3);
    expect_whole(VECTORS, line, LIMIT + 1, "vectors: line 1: is over the limit of 1 MiB");
    free(line);
}

static void put_chunk(bytes *b, const char *type, const uint8_t *data, size_t n) {
    uint8_t *at = b->at + b->size;
    for (size_t i = 0; i < 4; i++) at[i] = (uint8_t)(n >> (24 - 8 * i));
    memcpy(at + 4, type, 4);
    memcpy(at + 8, data, n);
    uint32_t sum = (uint32_t)crc32(0, at + 4, (uInt)n + 4);
    for (size_t i = 0; i < 4; i++) at[8 + n + i] = (uint8_t)(sum >> (24 - 8 * i));
    b->size += 12 + n;
}

static const char *png_error(uint32_t width, uint32_t height, uint8_t depth, uint8_t type) {
    bytes b = bytes_of("\x89PNG\r\n\x1A\n", 8);
    uint8_t header[13] = {(uint8_t)(width >> 24),  (uint8_t)(width >> 16), (uint8_t)(width >> 8), (uint8_t)width, (uint8_t)(height >> 24),
                          (uint8_t)(height >> 16), (uint8_t)(height >> 8), (uint8_t)height,       depth,          type};
    put_chunk(&b, "IHDR", header, 13);
    put_chunk(&b, "IDAT", (const uint8_t *)"x", 1);
    return error_of(PNG, b.at, b.size);
}

static void test_png_edges(void **state) {
    (void)state;
    expect_whole(PNG, "\x89PNG\r\n\x1A\n", 8, "png: byte 8: the header is cut (expected 33 bytes, found 8)");
    expect_whole(PNG, "\x89PNH", 4, "png: byte 3: not a PNG file");
    assert_string_equal(png_error(16385, 1, 8, 0), "png: byte 16: image 16385x1 is over the limit 16384x16384");
    assert_string_equal(png_error(1, 16385, 8, 0), "png: byte 16: image 1x16385 is over the limit 16384x16384");
    assert_string_equal(png_error(16384, 16384, 8, 6), /* a GiB and no more */
                        "png: byte 16: image 16384x16384 cannot come from a file of 46 bytes");
    assert_string_equal(png_error(16384, 10923, 16, 2), "png: byte 16: image 16384x10923 needs 1073774592 bytes (limit 1073741824)");
    assert_string_equal(png_error(2, 16168, 8, 0),
                        "png: byte 16: image 2x16168 cannot come from a file of 46 bytes"); /* 3 * 16168 = 47 * 1032 */
    assert_string_equal(png_error(2, 16167, 8, 0), "png: byte 46: the file ends too early (expected 8 more bytes, found 0)");
    fm_error err;
    fm_file file;
    static const uint8_t pixels[16384];
    static const struct {
        size_t width, height;
        int channels;
        bool good;
    } rows[] = {{16384, 1, 1, true}, {1, 16384, 1, true}, {16385, 1, 1, false}, {1, 16385, 1, false},
                {1, 1, 4, true},     {1, 1, 5, false},    {1, 0, 1, false},     {1, 1, 0, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool good = fm_png_encode(rows[i].width, rows[i].height, rows[i].channels, pixels, &file, &err);
        assert_int_equal(good, rows[i].good);
        if (good) fm_file_release(&file);
    }
    assert_string_equal(err.text, "png: cannot write an image of 1x1 with 0 channels (sides 1..16384, channels 1..4)");
    fm_tensor *t = numbers(2, 1, 6, 0); /* a byte is the nearest one */
    static const double values[] = {-1, 0.4999 / 255, 0.5001 / 255, 254.4999 / 255, 254.5001 / 255, 2}, want[] = {0, 0, 1, 254, 255, 255};
    for (size_t i = 0; i < 6; i++) fm_data(t)[i] = (real)values[i];
    assert_true(fm_png_save(in_folder("a.png"), t, &err));
    bytes b = file_bytes(in_folder("a.png"));
    expect_good(PNG, b.at, b.size);
    for (size_t i = 0; i < 6; i++) assert_true(fabs((double)fm_data(taken)[i] * 255 - want[i]) < 1e-9);
    fm_tensor_release(t);
    static const struct {
        int rank;
        size_t shape[3];
        bool fits;
    } shapes[] = {{1, {4}, false},       {2, {1, 1}, true},     {2, {0, 4}, false}, {3, {1, 1, 4}, true},
                  {3, {1, 1, 5}, false}, {3, {1, 1, 0}, false}, {0, {0}, false}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        t = fm_tensor_new(shapes[i].rank, shapes[i].shape, &err);
        assert_int_equal(fm_png_fits(t), shapes[i].fits);
        if (i == 4) {
            assert_false(fm_png_save("x.png", t, &err));
            assert_string_equal(err.text, "x.png: png: expected a tensor [H, W] or [H, W, 1..4], found [1, 1, 5]");
        }
        fm_tensor_release(t);
    }
}

/* ---- texts ---- */

static void test_what_a_file_seems_to_be(void **state) {
    (void)state;
    static const struct {
        const char *start;
        size_t size;
        const char *says;
    } rows[] = {
        {"\x1f\x8b", 2, "gzip"},         {"PK\3\4", 4, "zip"},         {"PK\5\6", 4, "zip"},
        {"\x80\2", 2, "pickle"},         {"\x80\3", 2, "pickle"},      {"\x80\4", 2, "pickle"},
        {"\x80\5", 2, "pickle"},         {"BZh", 3, "bzip2"},          {"\xfd\x37zXZ", 5, "xz"},
        {"\x28\xb5\x2f\xfd", 4, "zstd"}, {"\x89PNG", 4, "PNG"},        {"\x8aMNG", 4, "MNG"},
        {"\xff\xd8\xff", 3, "JPEG"},     {"GIF8", 4, "GIF"},           {"\x93NUMPY", 6, "NPY"},
        {"\x89HDF", 4, "HDF5"},          {"<!DOCTYPE", 9, "web page"}, {"<!doctype", 9, "web page"},
        {"<html", 5, "web page"},        {"<HTML", 5, "web page"},     {"\xef\xbb\xbf", 3, "order mark"},
        {"\xff\xfe", 2, "UTF-16"},       {"\xfe\xff", 2, "UTF-16"},    {"RIFF1234WEBP", 12, "WebP"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *says = fm_sniff((const uint8_t *)rows[i].start, rows[i].size);
        if (!says || !strstr(says, rows[i].says)) fail_msg("%s: %s", rows[i].says, says ? says : "nothing");
        if (fm_sniff((const uint8_t *)rows[i].start, rows[i].size - 1)) fail_msg("half of %s", rows[i].says);
    }
    uint8_t tar[262] = {0};
    memcpy(tar + 257, "ustar", 5);
    assert_string_equal(fm_sniff(tar, 262), "is a tar archive; unpack it first");
    assert_null(fm_sniff(tar, 261));
    assert_null(fm_sniff((const uint8_t *)"RIFF1234WAVE", 12));
}

static void test_what_is_not_printed(void **state) {
    (void)state;
    static const uint32_t ranges[][2] = {{0, 0x1F},        {0x7F, 0x9F},     {0x61C, 0x61C},   {0x200E, 0x200F},  {0x2028, 0x202E},
                                         {0x2066, 0x206F}, {0xFEFF, 0xFEFF}, {0xFFF9, 0xFFFB}, {0xE0000, 0xE007F}};
    static const char *const formats[2][2] = {{"\\u%04x", "\\u%04x\\u%04x"}, {"\\u%04X", "\\u%04X\\u%04X"}};
    for (uint32_t code = 0; code < 0x110000; code++) {
        if (code >= 0xD800 && code < 0xE000) continue;
        char escape[16], text[8];
        snprintf(escape, sizeof escape, formats[code & 1][code >= 0x10000], code < 0x10000 ? code : 0xD800 + ((code - 0x10000) >> 10),
                 0xDC00 + (code & 0x3FF));
        size_t n = fm_json_string((fm_json){FM_JSON_STRING, escape, strlen(escape)}, text);
        assert_int_equal(n, code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4);
        assert_int_equal(fm_utf8((const uint8_t *)text, n), n);
        assert_int_equal(fm_code_point((const uint8_t *)text, n), code);
        bool hidden = false;
        for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) hidden = hidden || (code >= ranges[i][0] && code <= ranges[i][1]);
        if (fm_unprintable((const uint8_t *)text, n) != (hidden ? n : 0)) fail_msg("U+%04X", (unsigned)code);
    }
    assert_int_equal(fm_unprintable((const uint8_t *)"\xFF", 1), 1);
    assert_int_equal(fm_unprintable((const uint8_t *)"", 0), 0);
}

static void test_escapes(void **state) {
    (void)state;
    static const char *const rows[][2] = {{"\a", "\\a"},     {"\b", "\\b"},           {"\t", "\\t"},
                                          {"\n", "\\n"},     {"\v", "\\v"},           {"\f", "\\f"},
                                          {"\r", "\\r"},     {"\x0e", "\\x0e"},       {"\x1b", "\\x1b"},
                                          {"\xff", "\\xff"}, {"\xc2\x9b", "\\u{9b}"}, {"\xf3\xa0\x80\x81", "\\u{e0001}"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[FM_ESCAPE];
        size_t n = fm_escape((const uint8_t *)rows[i][0], strlen(rows[i][0]), text);
        assert_string_equal(text, rows[i][1]);
        assert_int_equal(n, strlen(text));
    }
    char quoted[FM_QUOTE_TEXT], long_text[70];
    memset(long_text, 'a', sizeof long_text);
    assert_string_equal(fm_quote("\"\\\xC2\x9B~\x80", 6, quoted), "\"\\x22\\x5c\\xc2\\x9b~\\x80\"");
    assert_int_equal(strlen(fm_quote(long_text, 64, quoted)), 66);
    assert_int_equal(strlen(fm_quote(long_text, 65, quoted)), 69);
    memcpy(long_text + 63, "\xC3\xA9", 2); /* cut within a letter: its half is no letter */
    assert_string_equal(fm_quote(long_text, 65, quoted) + 60, "aaaa\\xc3\"...");
    char quote[64];
    quote[fm_json_quote("\b\t\n\v\f\r\x0e\x07 \xF0\x9F\x98\x80\xE2\x80\xA8\xC3", 17, quote)] = 0;
    assert_string_equal(quote, "\"\\b\\t\\n\\u000b\\f\\r\\u000e\\u0007 \xF0\x9F\x98\x80\\u2028\xEF\xBF\xBD\"");
}

static void test_base64(void **state) { /* RFC 4648, section 10 */
    (void)state;
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"},
                                          {"\xfb\xff\xbf", "+/+/"},
                                          {"\xff\xff\xff\xfe", "/////g=="}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[16] = {0};
        size_t n = strlen(rows[i][0]);
        assert_int_equal(fm_base64((const uint8_t *)rows[i][0], n, text), strlen(rows[i][1]));
        assert_string_equal(text, rows[i][1]);
        assert_int_equal(FM_BASE64(n), strlen(rows[i][1]));
    }
}

static void test_paths_in_messages(void **state) {
    (void)state;
    char path[202], want[260];
    fm_error err;
    memset(path, 'p', sizeof path);
    for (size_t n = 199; n <= 201; n++) {
        path[n] = 0;
        fm_fail(&err, "problem");
        fm_fail_in(&err, path);
        snprintf(want, sizeof want, "%s%s: problem", n > 200 ? "..." : "", path + (n > 200));
        assert_string_equal(err.text, want);
        path[n] = 'p';
    }
    fm_fail(&err, "problem");
    fm_fail_in(&err, "a\x1f\x7f b");
    assert_string_equal(err.text, "a?? b: problem");
}

static void test_numbers(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double value;
    } rows[] = {
        {"9007199254740993e1", 90071992547409936.0}, /* over 2^53: not exact in a double before it is multiplied */
        {"9007199254740992e1", 90071992547409920.0},
        {"1e22", 1e22},
        {"1e23", 1e23},
        {"1e-22", 1e-22},
        {"1e-23", 1e-23},
        {"123456789e-23", 123456789e-23},
        {"+1.5E+1", 15},
        {"-.5", -0.5},
        {"5.", 5},
        {"18446744073709551615", 18446744073709551615.0},
        {"18446744073709551616", 18446744073709551616.0},
        {"184467440737095516150", 184467440737095516150.0},
        {"0.000000000000000000000000000001e30", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        double v = -1;
        if (!fm_number_parse(rows[i].text, strlen(rows[i].text), &v) || v != rows[i].value) fail_msg("%s: %.17g", rows[i].text, v);
    }
    char many[132]; /* longer than the buffer for few digits */
    memset(many, '0', sizeof many);
    double v = -1;
    many[1] = '.';
    memcpy(many + 127, "7e126", 5);
    assert_true(fm_number_parse(many, 132, &v) && v == 7);
    char text[FM_NUMBER_TEXT];
    static const struct {
        double value;
        const char *text;
    } printed[] = {{1e23, "1e+23"}, {1e15, "1e+15"},    {123456789012345.0, "123456789012345.0"}, {5e-324, "4.94065645841247e-324"},
                   {NAN, "nan"},    {-INFINITY, "-inf"}};
    for (size_t i = 0; i < sizeof printed / sizeof *printed; i++) {
        size_t n = fm_number_print(printed[i].value, text);
        assert_string_equal(text, printed[i].text);
        assert_int_equal(n, strlen(text));
    }
}

/* ---- files ---- */

static size_t size_of(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 ? (size_t)st.st_size : SIZE_MAX;
}

static void test_limits_of_files(void **state) {
    (void)state;
    char path[128], text[256];
    fm_error err;
    fm_file file;
    snprintf(path, sizeof path, "%s", in_folder("a"));
    assert_true(fm_file_write(path, "12345", 5, &err));
    assert_true(fm_file_read_at_most(path, 5, &file, &err));
    fm_file_release(&file);
    assert_false(fm_file_read_at_most(path, 4, &file, &err));
    snprintf(text, sizeof text, "%s: is 5 bytes long, over the limit of 4", path);
    assert_string_equal(err.text, text);
    fm_set_memory_limit(5);
    assert_true(fm_file_read_at_most(path, 6, &file, &err)); /* the lower one of both */
    fm_file_release(&file);
    fm_set_memory_limit(4);
    assert_false(fm_file_read_at_most(path, 6, &file, &err));
    fm_set_memory_limit(0);
    assert_true(fm_file_cut(path, 5, &err));
    assert_true(fm_file_cut(path, 3, &err));
    assert_int_equal(size_of(path), 3);
    assert_false(fm_file_cut(path, 4, &err));
    snprintf(text, sizeof text, "%s: holds 3 bytes, expected at least 4", path);
    assert_string_equal(err.text, text);
    assert_false(fm_file_cut("/no/such", 0, &err));
    assert_string_equal(err.text, "/no/such: cannot cut: No such file or directory");
    assert_false(fm_file_sync("/no/such", &err));
    assert_string_equal(err.text, "/no/such: cannot sync: No such file or directory");
    assert_true(fm_file_sync(folder, &err));
    unlink(path);
}

static void test_new_files(void **state) {
    (void)state;
    char path[128];
    fm_error err;
    struct stat st;
    snprintf(path, sizeof path, "%s", in_folder("a"));
    mode_t mask = umask(027);
    assert_true(fm_file_write(path, "x", 1, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    unlink(path);
    assert_true(fm_file_append(path, "y", 1, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    unlink(path);
    bool exists;
    assert_true(fm_folder_new(path, &exists, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0750);
    umask(mask);
    assert_false(fm_folder_new(path, &exists, &err));
    assert_non_null(strstr(err.text, "a: cannot make the folder: File exists"));
    rmdir(path);
    char taken_name[160]; /* what a process with the same number left behind is not overwritten */
    snprintf(taken_name, sizeof taken_name, "%s/.fm-%ld-0.tmp", folder, (long)getpid());
    int fd = open(taken_name, O_WRONLY | O_CREAT, 0666);
    assert_int_equal(write(fd, "mine", 4), 4);
    close(fd);
    assert_true(fm_file_write(path, "x", 1, &err));
    assert_int_equal(size_of(taken_name), 4);
    assert_int_equal(unlink(taken_name), 0);
    unlink(path);
}

static void test_room(void **state) {
    (void)state;
    fm_error err;
    assert_true(fm_folder_has_room(folder, 0, &err));
    assert_true(fm_folder_has_room(folder, 4096, &err));
    assert_false(fm_folder_has_room(folder, (uint64_t)1 << 60, &err));
    assert_non_null(strstr(err.text, ": cannot write: "));
    assert_false(fm_folder_has_room("/no/such", 1, &err));
    assert_string_equal(err.text, "/no/such: cannot write: No such file or directory");
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void test_locks(void **state) {
    (void)state;
    char path[128];
    fm_error err;
    bool taken_by_another, held;
    snprintf(path, sizeof path, "%s", in_folder("lock"));
    int fd = fm_lock_take(path, 0, &taken_by_another, &err);
    assert_true(fd >= 0 && !taken_by_another);
    assert_true(fm_lock_held(path, &held, &err) && held);
    double start = seconds();
    assert_int_equal(fm_lock_take(path, 0.1, &taken_by_another, &err), -1);
    assert_true(taken_by_another && seconds() - start >= 0.1);
    fm_lock_release(fd);
    assert_true(fm_lock_held(path, &held, &err) && !held);
    unlink(path);
    assert_true(fm_lock_held(path, &held, &err) && !held);
    assert_int_equal(symlink("nowhere", path), 0); /* a link is not followed: it may lead anywhere */
    assert_int_equal(fm_lock_take(path, 0, &taken_by_another, &err), -1);
    assert_false(taken_by_another);
    assert_non_null(strstr(err.text, "lock: cannot lock: Too many levels of symbolic links"));
    unlink(path);
}

/* ---- who started this process ---- */

static void test_expected_processes(void **state) {
    (void)state;
    static const char *const names[] = {"OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK", "PMI_SIZE", "PMI_RANK"};
    static const struct {
        const char *values[4];
        int size, rank;
    } rows[] = {
        {{NULL, NULL, NULL, NULL}, 0, 0}, {{"3", "2", NULL, NULL}, 3, 2}, {{"1", "0", NULL, NULL}, 1, 0}, {{NULL, NULL, "2", "1"}, 2, 1},
        {{NULL, NULL, "1", "5"}, 0, 0}, /* srun says so of any program */
        {{"3", "2", "4", "1"}, 3, 2},     {{"", "", "4", "1"}, 4, 1},     {{"0", "7", NULL, NULL}, 0, 0}, {{"2", NULL, NULL, NULL}, 2, 0},
    };
    char *before[4];
    for (size_t k = 0; k < 4; k++) before[k] = getenv(names[k]) ? strdup(getenv(names[k])) : NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t k = 0; k < 4; k++) rows[i].values[k] ? setenv(names[k], rows[i].values[k], 1) : unsetenv(names[k]);
        int rank = -1;
        assert_int_equal(fm_processes_expected(&rank), rows[i].size);
        assert_int_equal(rank, rows[i].rank);
    }
    for (size_t k = 0; k < 4; k++) {
        before[k] ? setenv(names[k], before[k], 1) : unsetenv(names[k]);
        free(before[k]);
    }
    assert_true(fm_all.rank == 0 && fm_all.size == 1 && fm_all.portion == 1);
    fm_processes_finish(1, false); /* nothing was started: nothing ends */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_safetensors_messages, nothing_left),
        cmocka_unit_test_teardown(test_safetensors_accepts, nothing_left),
        cmocka_unit_test_teardown(test_safetensors_written, nothing_left),
        cmocka_unit_test_teardown(test_npy_accepts, nothing_left),
        cmocka_unit_test_teardown(test_npy_messages, nothing_left),
        cmocka_unit_test_teardown(test_npy_written, nothing_left),
        cmocka_unit_test_teardown(test_idx_edges, nothing_left),
        cmocka_unit_test_teardown(test_cifar_edges, nothing_left),
        cmocka_unit_test_teardown(test_vectors_edges, nothing_left),
        cmocka_unit_test_teardown(test_png_edges, nothing_left),
        cmocka_unit_test(test_what_a_file_seems_to_be),
        cmocka_unit_test(test_what_is_not_printed),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_paths_in_messages),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_limits_of_files),
        cmocka_unit_test(test_new_files),
        cmocka_unit_test(test_room),
        cmocka_unit_test(test_locks),
        cmocka_unit_test(test_expected_processes),
    };
    return cmocka_run_group_tests_name("io_edges", tests, make_folder, remove_folder);
}

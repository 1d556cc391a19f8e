/* Readers and writers of tensors: round trips, what is accepted, and the message for each
 * damaged input. PNG is in io_png_test.c. */
#include "reader_checks.h"

/* ---- safetensors ---- */

static bytes safetensors_of(const char *header, size_t data) {
    bytes b = {.size = 8};
    size_t n = strlen(header);
    for (size_t i = 0; i < 8; i++) b.at[i] = (uint8_t)(n >> 8 * i);
    memcpy(b.at + 8, header, n);
    for (size_t i = 0; i < data; i++) b.at[8 + n + i] = (uint8_t)i;
    b.size = 8 + n + data;
    return b;
}

static bytes saved_safetensors(void) {
    fm_error err;
    fm_named_tensor named[] = {
        {{"z", 1}, numbers(2, 2, 3, 0)}, {{"a\"\n\xC3\xA9", 5}, numbers(0, 0, 0, 0)}, {{"empty", 5}, numbers(2, 0, 3, 0)}};
    fm_text_pair pairs[] = {{{"step", 4}, {"17", 2}}, {{"blank", 5}, {"a\0b", 3}}};
    fm_safetensors s = {.n = 3, .n_metadata = 2, .tensors = named, .metadata = pairs};
    assert_true(fm_safetensors_save(in_folder("a"), &s, &err));
    for (size_t i = 0; i < 3; i++) fm_tensor_release(named[i].tensor);
    return file_bytes(in_folder("a"));
}

static void test_safetensors_round_trip(void **state) {
    (void)state;
    bytes b = saved_safetensors(), again = saved_safetensors();
    assert_int_equal(b.size, again.size);
    assert_memory_equal(b.at, again.at, b.size);
    assert_memory_equal(b.at + 8,
                        "{\"__metadata__\":{\"blank\":\"a\\u0000b\",\"step\":\"17\"},\"a\\\"\\n\xC3\xA9\":{\"dtype\":\"F64\",\"shape\":[],"
                        "\"data_offsets\":[0,8]},",
                        107);
    assert_int_equal(b.at[0] % 8, 0);
    fm_safetensors s;
    fm_error err;
    assert_true(fm_safetensors_parse(b.at, b.size, &s, &err));
    assert_int_equal(s.n, 3);
    assert_int_equal(s.n_metadata, 2);
    assert_int_equal(s.metadata[0].value.size, 3);
    assert_memory_equal(s.metadata[0].value.at, "a\0b", 3);
    assert_int_equal(s.tensors[2].name.size, 1);
    assert_int_equal(s.tensors[2].tensor->shape[1], 3);
    for (size_t i = 0; i < 6; i++) assert_true(fm_data(s.tensors[2].tensor)[i] == (real)i / 3 - 1);
    fm_safetensors_release(&s);
    expect_cuts_fail(SAFETENSORS, &b);
    b.at[b.size++] = 0;
    expect_error(SAFETENSORS, b.at, b.size, "1 bytes after the last tensor");
}

static void test_safetensors_dtypes(void **state) {
    (void)state;
    static const struct {
        const char *dtype, *bits;
        size_t size;
        double value;
    } rows[] = {{"F16", "\x00\xC1", 2, -2.5},
                {"F16", "\x01\x00", 2, 0x1p-24},
                {"BF16", "\x20\xC0", 2, -2.5},
                {"F32", "\0\0\x20\xC0", 4, -2.5},
                {"I64", "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8, -2},
                {"I32", "\xFE\xFF\xFF\xFF", 4, -2},
                {"I8", "\xFE", 1, -2},
                {"U8", "\xFE", 1, 254},
                {"U32", "\0\xFF\xFF\xFF", 4, 4294967040.0},
                {"BOOL", "\x01", 1, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char header[128];
        snprintf(header, sizeof header, "{\"x\":{\"dtype\":\"%s\",\"shape\":[1],\"data_offsets\":[0,%zu]}}", rows[i].dtype, rows[i].size);
        bytes b = safetensors_of(header, rows[i].size);
        memcpy(b.at + b.size - rows[i].size, rows[i].bits, rows[i].size);
        expect_good(SAFETENSORS, b.at, b.size);
        if (fm_data(taken)[0] != (real)rows[i].value) fail_msg("%s: %g", rows[i].dtype, (double)fm_data(taken)[0]);
    }
}

static void test_safetensors_hostile(void **state) {
    (void)state;
#define T(fields) "{\"x\":{" fields "}}"
    static const struct {
        const char *header;
        size_t data;
        const char *error;
    } rows[] = {
        {"[]", 0, "byte 8: header is not a JSON object"},
        {"3", 0, "not a JSON object"},
        {"null", 0, "not a JSON object"},
        {"", 0, "byte 8: header: the text ends"},
        {"{\"x\":1}", 0, "tensor \"x\": must be an object"},
        {"{}x", 0, "byte 10: header: text after the end"},
        {"\xEF\xBB\xBF{}", 0, "byte 8: header: invalid JSON"},
        {"{\"\xC0\x80\":{}}", 0, "invalid UTF-8"},
        {"{\"\xED\xA0\x80\":{}}", 0, "invalid UTF-8"},
        {"{\"a\":{},\"\\u0061\":{}}", 0, "duplicate key \"\\x5cu0061\", first at byte 9"},
        {"{\"x\":[[[[1]]]]}", 0, "nesting"},
        {"{\"x\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}", 0, "duplicate key \"dtype\""},
        {T("\"shape\":[],\"data_offsets\":[0,4]"), 4, "missing \"dtype\""},
        {T("\"dtype\":\"F32\",\"data_offsets\":[0,4]"), 4, "missing \"shape\""},
        {T("\"dtype\":\"F32\",\"shape\":[]"), 4, "missing \"data_offsets\""},
        {T("\"dtype\":4,\"shape\":[],\"data_offsets\":[0,4]"), 4, "dtype must be a string"},
        {T("\"dtype\":\"f32\",\"shape\":[],\"data_offsets\":[0,4]"), 4, "unknown dtype \"f32\""},
        {T("\"dtype\":\"F8_E4M3\",\"shape\":[],\"data_offsets\":[0,4]"), 4, "valid but not supported"},
        {T("\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]"), 4, "shape[0] is not a whole number"},
        {T("\"dtype\":\"F32\",\"shape\":[1,2.0],\"data_offsets\":[0,4]"), 4, "shape[1] is not a whole number"},
        {T("\"dtype\":\"F32\",\"shape\":[true],\"data_offsets\":[0,4]"), 4, "shape[0] is not a whole number"},
        {T("\"dtype\":\"F32\",\"shape\":[18446744073709551616],\"data_offsets\":[0,4]"), 4, "number out of range"},
        {T("\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]"), 4, "rank 9 is over the limit 8"},
        {T("\"dtype\":\"F32\",\"shape\":[2,9223372036854775807],\"data_offsets\":[0,4]"), 4, "shape product overflows"},
        {T("\"dtype\":\"F32\",\"shape\":[0,9223372036854775807,9223372036854775807],\"data_offsets\":[0,0]"), 0, "overflows"},
        {T("\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,4]"), 4, "overflows"},
        {T("\"dtype\":\"F32\",\"shape\":[1099511627776],\"data_offsets\":[0,4398046511104]"), 4, "past the end"},
        {T("\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0]"), 4, "data_offsets has 1 numbers"},
        {T("\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[4,0]"), 4, "the end comes first"},
        {T("\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[-4,0]"), 4, "data_offsets[0] is not"},
        {T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]"), 4, "expected 8 bytes for 2 x F32, found 4"},
        {T("\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[4,8]"), 8, "hole of 4 bytes"},
        {"{\"x\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},\"y\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[2,4]}}", 4,
         "overlaps \"x\""},
        {"{\"__metadata__\":{\"k\":1}}", 0, "__metadata__ \"k\": value must be a string"},
        {"{\"__metadata__\":[]}", 0, "__metadata__ must be an object"},
        {"{\"__metadata__\":false}", 0, "__metadata__ must be an object"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bytes b = safetensors_of(rows[i].header, rows[i].data);
        expect_error(SAFETENSORS, b.at, b.size, rows[i].error);
    }
    expect_error(SAFETENSORS, "1234567", 7, "byte 0: too short");
    expect_error(SAFETENSORS, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10, "over the limit 100000000");
    expect_error(SAFETENSORS, "\x03\0\0\0\0\0\0\0{}", 10, "header length 3 exceeds the file (10 bytes)");
    expect_error(SAFETENSORS, "\x1F\x8B\x08\0\0\0\0\0{}", 10, "it is a gzip file");
    bytes b = safetensors_of(" \n\t{}  ", 0);
    expect_good(SAFETENSORS, b.at, b.size);
    b = safetensors_of("{\"__metadata__\":null}", 0);
    expect_good(SAFETENSORS, b.at, b.size);
    b = safetensors_of("{\"__metadata__\":null,\"x\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}", 1);
    expect_good(SAFETENSORS, b.at, b.size);
    b = safetensors_of(T("\"dtype\":\"U8\",\"more\":[{}],\"shape\":[],\"data_offsets\":[0,1]"), 1);
    expect_good(SAFETENSORS, b.at, b.size);
}

static void test_safetensors_refuses_to_write(void **state) {
    (void)state;
    fm_error err;
    fm_tensor *t = numbers(1, 2, 0, 0);
    fm_named_tensor twice[] = {{{"a", 1}, t}, {{"a", 1}, t}};
    fm_safetensors s = {.n = 2, .tensors = twice};
    assert_false(fm_safetensors_save(in_folder("a"), &s, &err));
    assert_non_null(strstr(err.text, "the name \"a\" is there twice"));
    twice[1].name = (fm_text){"\xFF", 1};
    assert_false(fm_safetensors_save(in_folder("a"), &s, &err));
    assert_non_null(strstr(err.text, "not UTF-8"));
    twice[1].name = (fm_text){"__metadata__", 12};
    assert_false(fm_safetensors_save(in_folder("a"), &s, &err));
    fm_tensor_release(t);
}

/* ---- NPY ---- */

static bytes npy_of(const char *header, const void *data, size_t size) {
    bytes b = {.size = 10};
    size_t n = strlen(header);
    memcpy(b.at, "\x93NUMPY\x01\0", 8);
    b.at[8] = (uint8_t)n;
    b.at[9] = (uint8_t)(n >> 8);
    memcpy(b.at + 10, header, n);
    if (size) memcpy(b.at + 10 + n, data, size);
    b.size = 10 + n + size;
    return b;
}

#define NPY(descr, fortran, shape) "{'descr': " descr ", 'fortran_order': " fortran ", 'shape': " shape ", }"

static void test_npy_round_trip(void **state) {
    (void)state;
    fm_error err;
    for (int rank = 0; rank <= 3; rank++) {
        fm_tensor *t = numbers(rank, 2, 3, 4);
        assert_true(fm_npy_save(in_folder("a.npy"), t, &err));
        bytes b = file_bytes(in_folder("a.npy"));
        assert_int_equal((b.size - t->count * sizeof(real)) % 64, 0);
        expect_cuts_fail(NPY, &b);
        expect_good(NPY, b.at, b.size);
        assert_true(fm_same_shape(t, taken));
        assert_memory_equal(fm_data(t), fm_data(taken), t->count * sizeof(real));
        fm_tensor_release(t);
        b.at[b.size++] = 0;
        expect_error(NPY, b.at, b.size, "wrong size of the data");
    }
}

static void test_npy_accepts(void **state) {
    (void)state;
    bytes b = npy_of(NPY("'|u1'", "True", "(2, 3)"), "\1\2\3\4\5\6", 6);
    expect_good(NPY, b.at, b.size);
    static const real transposed[] = {1, 3, 5, 2, 4, 6};
    assert_memory_equal(fm_data(taken), transposed, sizeof transposed);
    b = npy_of(NPY("\">i2\"", "False", "(2L,)"), "\xFF\xFE\1\0", 4);
    expect_good(NPY, b.at, b.size);
    assert_true(fm_data(taken)[0] == -2 && fm_data(taken)[1] == 256);
    b = npy_of(NPY("'<f2'", "False", "()"), "\x00\xC1", 2);
    expect_good(NPY, b.at, b.size);
    assert_true(fm_data(taken)[0] == (real)-2.5 && taken->rank == 0);
    b = npy_of(NPY("'<f4'", "True", "(0, 3)"), "", 0);
    expect_good(NPY, b.at, b.size);
    static const char *const machine[] = {NPY("'f4'", "False", "(1,)"), NPY("'=f4'", "False", "(1,)"), NPY("'|f4'", "False", "(1,)")};
    for (size_t i = 0; i < 3; i++) {
        float f = 2.5F;
        b = npy_of(machine[i], &f, 4);
        expect_good(NPY, b.at, b.size);
        assert_true(fm_data(taken)[0] == (real)2.5);
    }
}

/* A whole number that a real cannot hold may be an index: it is refused, not rounded. */
static void test_whole_numbers(void **state) {
    (void)state;
    const int64_t held = (int64_t)1 << (sizeof(real) == 4 ? 24 : 53);
    const int64_t good[] = {held, -held, held * 4, INT64_MIN, 0}, bad[] = {held + 1, -held - 1, 4 * held + 1, INT64_MAX};
    char wanted[64];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        bytes b = npy_of(NPY("'<i8'", "False", "(1,)"), &good[i], 8);
        expect_good(NPY, b.at, b.size);
        assert_true((double)fm_data(taken)[0] == (double)good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const int64_t both[] = {1, bad[i]};
        snprintf(wanted, sizeof wanted, "entry 2 is %lld: whole numbers over 2^%d", (long long)bad[i], sizeof(real) == 4 ? 24 : 53);
        bytes b = npy_of(NPY("'<i8'", "False", "(2,)"), both, 16);
        expect_error(NPY, b.at, b.size, wanted);
        b = npy_of(NPY("'<i8'", "True", "(2,1)"), both, 16);
        expect_error(NPY, b.at, b.size, wanted);
        b = safetensors_of("{\"x\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]}}", 16);
        memcpy(b.at + b.size - 16, both, 16);
        expect_error(SAFETENSORS, b.at, b.size, wanted);
    }
    bytes b = npy_of(NPY("'<u8'", "False", "(1,)"), "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 8);
    expect_error(NPY, b.at, b.size, "entry 1 is 18446744073709551615");
    if (sizeof(real) == 4) {
        expect_error(IDX, "\0\0\x0C\1\0\0\0\2\0\0\0\1\1\0\0\1", 16, "byte 12: entry 2 is 16777217");
        b = npy_of(NPY("'>u4'", "False", "(1,)"), "\x80\0\0\1", 4);
        expect_error(NPY, b.at, b.size, "entry 1 is 2147483649: whole numbers over 2^24 may not be exact in float (fmrun64 holds it)");
    }
}

static void test_npy_hostile(void **state) {
    (void)state;
    static const struct {
        const char *header, *error;
    } rows[] = {
        {"", "header: it ends (expected '{')"},
        {"[]", "expected '{'"},
        {"{}", "missing key \"descr\""},
        {"__import__('os')", "expected '{'"},
        {"{'descr': '<f4', 'descr': '<f4'}", "duplicate key \"descr\""},
        {"{'extra': 1}", "unexpected key \"extra\""},
        {"{b'descr': '<f4'}", "expected a key in quotes"},
        {"{'de\\x73cr': '<f4'}", "expected a plain character"},
        {NPY("'|O'", "False", "(2,)"), "object arrays need pickle"},
        {NPY("[('a', '<f4')]", "False", "(2,)"), "structured types"},
        {NPY("'<U4'", "False", "(2,)"), "descr \"<U4\" is not supported"},
        {NPY("'<c8'", "False", "(2,)"), "not supported"},
        {NPY("'!f4'", "False", "(2,)"), "not supported"},
        {NPY("'=='", "False", "(2,)"), "not supported"},
        {NPY("'='", "False", "(2,)"), "not supported"},
        {NPY("'f'", "False", "(2,)"), "not supported"},
        {NPY("'<f'", "False", "(2,)"), "not supported"},
        {NPY("''", "False", "(2,)"), "not supported"},
        {NPY("'<'", "False", "(2,)"), "not supported"},
        {NPY("'<f99'", "False", "(2,)"), "not supported"},
        {NPY("'<f4'", "1", "(2,)"), "expected True or False"},
        {NPY("'<f4'", "'False'", "(2,)"), "expected True or False"},
        {NPY("'<f4'", "False", "[2]"), "expected '('"},
        {NPY("'<f4'", "False", "2"), "expected '('"},
        {NPY("'<f4'", "False", "(2)"), "expected ','"},
        {NPY("'<f4'", "False", "(2.0,)"), "expected ','"},
        {NPY("'<f4'", "False", "(-1,)"), "shape[0] is not a whole number"},
        {NPY("'<f4'", "False", "(True,)"), "shape[0] is not a whole number"},
        {NPY("'<f4'", "False", "(,)"), "shape[0] is not a whole number"},
        {NPY("'<f4'", "False", "(2,,)"), "shape[1] is not a whole number"},
        {NPY("'<f4'", "False", "(9223372036854775808,)"), "shape[0] is not a whole number"},
        {NPY("'<f4'", "False", "(1,1,1,1,1,1,1,1,1)"), "rank 9 is over the limit 8"},
        {NPY("'<f4'", "False", "(4611686018427387904,4)"), "shape product overflows"},
        {NPY("'<f4'", "False", "(0,9223372036854775807,9223372036854775807)"), "shape product overflows"},
        {NPY("'<f4'", "False", "(274877906944,)"), "expected 1099511627776 bytes, found 4"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "expected only blanks"},
        {"{'descr': '<f4' 'fortran_order': False}", "expected ',' or '}'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bytes b = npy_of(rows[i].header, "abcd", 4);
        expect_error(NPY, b.at, b.size, rows[i].error);
    }
    expect_error(NPY, "\x93NUMPX\1\0", 8, "byte 5: not an NPY file");
    expect_error(NPY, "\x93NUMPY\4\0\0\0", 10, "byte 6: unsupported version 4.0");
    expect_error(NPY, "\x93NUMPY\1\1\0\0", 10, "byte 6: unsupported version 1.1");
    expect_error(NPY, "\x93NUMPY\2\0\xFF\xFF\xFF\xFF", 12, "byte 8: header length 4294967295 exceeds the file");
    expect_error(NPY, "\x80\x04pickle", 8, "is a Python pickle");
}

/* ---- IDX ---- */

static bytes gzip_of(const bytes *b) {
    bytes out = {.size = 0};
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)b->at;
    z.avail_in = (uInt)b->size;
    z.next_out = out.at;
    z.avail_out = sizeof out.at;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out.size = sizeof out.at - z.avail_out;
    deflateEnd(&z);
    return out;
}

static void test_idx(void **state) {
    (void)state;
    bytes b = bytes_of("\0\0\x0B\2\0\0\0\2\0\0\0\1\xFF\xFE\1\0", 16), z = gzip_of(&b);
    expect_cuts_fail(IDX, &b);
    expect_cuts_fail(IDX, &z);
    expect_good(IDX, z.at, z.size);
    assert_int_equal(taken->shape[0], 2);
    assert_true(fm_data(taken)[0] == -2 && fm_data(taken)[1] == 256);
    for (size_t i = 0; i < 8; i++) { /* checksum and length at the end of a gzip file */
        z.at[z.size - 1 - i] ^= 0x10;
        expect_error(IDX, z.at, z.size, "gzip: byte");
        z.at[z.size - 1 - i] ^= 0x10;
    }
    bytes padded = z; /* as on a tape */
    memset(padded.at + padded.size, 0, 5);
    padded.size += 5;
    expect_good(IDX, padded.at, padded.size);
    padded.at[padded.size++] = 1;
    expect_error(IDX, padded.at, padded.size, "6 bytes after the end of the content");
    z.at[z.size++] = 1;
    expect_error(IDX, z.at, z.size, "1 bytes after the end of the content");
    for (size_t cut = 0; cut <= b.size; cut++) { /* several members are one content, wherever it is cut */
        bytes first = bytes_of((const char *)b.at, cut), second = bytes_of((const char *)b.at + cut, b.size - cut);
        first = gzip_of(&first), second = gzip_of(&second);
        memcpy(first.at + first.size, second.at, second.size);
        first.size += second.size;
        expect_good(IDX, first.at, first.size);
        assert_true(fm_data(taken)[0] == -2 && fm_data(taken)[1] == 256);
        if (cut < b.size) expect_cuts_fail(IDX, &first);
        memcpy(first.at + first.size, second.at, second.size);
        first.size += second.size;
        if (cut < b.size) expect_error(IDX, first.at, first.size, "content is too long");
        else expect_good(IDX, first.at, first.size);
    }
    b.at[b.size++] = 0;
    expect_error(IDX, b.at, b.size, "expected 4 bytes, found 5");
    z = gzip_of(&b);
    expect_error(IDX, z.at, z.size, "content is too long");
    b = bytes_of("\0\0\x08\3\0\1\0\0\0\1\0\0\0\1\0\0", 16);
    z = gzip_of(&b);
    expect_error(IDX, z.at, z.size, "cannot come from a gzip file");
    expect_error(IDX, "\0\0\x08\3\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 16, "dimensions overflow");
    expect_error(IDX, "\1\x08\0\0", 4, "looks byte-swapped");
    expect_error(IDX, "\0\0\x0A\1\0\0\0\1\0", 9, "byte 2: unknown element type 0x0A");
    expect_error(IDX, "\0\0\x08\0", 4, "byte 3: rank 0 is not in 1..8");
    expect_error(IDX, "\0\0\x08\xFF", 4, "byte 3: rank 255 is not in 1..8");
    expect_error(IDX, "\0\0\x08\1\0\0\0\0", 8, "byte 4: empty dimension 1");
}

/* ---- CIFAR-10 ---- */

static void test_cifar(void **state) {
    (void)state;
    bytes b = {.size = 2 * 3073};
    b.at[0] = 9;
    b.at[1] = 255;
    b.at[3073 + 3072] = 51;
    expect_good(CIFAR, b.at, b.size);
    assert_int_equal(taken->shape[1], 3072);
    assert_true(fm_data(taken)[0] == 1 && fm_data(taken)[2 * 3072 - 1] == (real)0.2);
    fm_tensor *images, *labels;
    fm_error err;
    assert_true(fm_cifar10_parse(b.at, b.size, &images, &labels, &err));
    assert_true(fm_data(labels)[0] == 10 && fm_data(labels)[1] == 1);
    fm_tensor_release(images);
    fm_tensor_release(labels);
    expect_error(CIFAR, b.at, b.size - 1, "byte 3073: not a whole number of 3073-byte records (remainder 3072)");
    expect_error(CIFAR, b.at, 3074, "looks like CIFAR-100");
    expect_error(CIFAR, b.at, 0, "no records");
    b.at[3073] = 57;
    expect_error(CIFAR, b.at, b.size, "byte 3073: record 2 has label 57");
    expect_error(CIFAR, "\x80\x02}q", 4, "is the Python pickle version");
}

/* ---- text vectors ---- */

static void test_vectors(void **state) {
    (void)state;
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"a 1 2\nb 3 4\n", ""},
        {"a 1 2\nb 3 4", ""},
        {"a 1 2 \r\nb 3 4\r\n", ""},
        {"2 2\na 1 2\nb 3 4\n", ""},
        {"a 1 2\n. . . 3 4\nto me@x.com 1 1\n\xFF 1e-3 .5\n5 6 7\n", ""},
        {"5 3\n", ""},
        {"", "no vectors"},
        {"a\n", "line 1: no numbers behind the word"},
        {"a 1 2\nb 3\n", "line 2: expected 2 numbers, found 1"},
        {"a 1 2\nb 0.5 3 4\n", "line 2: expected 2 numbers, found 3"},
        {"a 1 2\nb 3 x\n", "not a finite decimal number: \"x\""},
        {"a 1 2\nb 3 nan\n", "not a finite decimal number: \"nan\""},
        {"a 1 2\nb 1e999 4\n", "not a finite decimal number: \"1e999\""},
        {"a 1 2\nb 0x1p3 4\n", "not a finite decimal number: \"0x1p3\""},
        {"a 1 2\nb 1,5 4\n", "not a finite decimal number: \"1,5\""},
        {"a 1 2\nb --1 4\n", "not a finite decimal number: \"--1\""},
        {"a 1 2\nb . 4\n", "not a finite decimal number: \".\""},
        {"a 1 2\n 3 4\n", "line 2: empty word"},
        {"a 1 2\n\nb 3 4\n", "line 2: is empty"},
        {"a 1 2\nb\t3\t4\n", "line 2: expected 2 numbers, found 0"},
        {"a 1 2\nb 1 1\na 3 4\n", "line 3: duplicate word \"a\", first at line 1"},
        {"3 2\na 1 2\nb 3 4\n", "the header says 3 vectors, found 2"},
        {"2 1\n5 3\n7 4\n", ""},
        {"5 3\n7 4\n", "line 1 reads as a header (5 vectors of 3 numbers), but line 2 has one number (for vectors of one number"},
        {"2 3\nhello 0.5\n", "line 1 reads as a header (2 vectors of 3 numbers), but line 2 has one number"},
        {"5 1\n7 4\n", "the header says 5 vectors, found 1 (for vectors of one number put a header above"},
        {"0 3\n", "no vectors"},
        {"2 3\na 1 2\nb 3 4\n", "line 2: expected 3 numbers, found 2"},
        {"2 1000000000\na 1 2\nb 3 4\n", "line 2: expected 1000000000 numbers"},
        {"\xEF\xBB\xBF"
         "a 1 2\n",
         "starts with a byte order mark"},
        {"\xFF\xFE"
         "a",
         "is UTF-16"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (*rows[i].error) expect_error(VECTORS, rows[i].text, strlen(rows[i].text), rows[i].error);
        else expect_good(VECTORS, rows[i].text, strlen(rows[i].text));
    }
    expect_error(VECTORS, "a\0 1 2\n", 7, "line 1: has a NUL byte");
    const char *text = "2 3\nb -1.5 2e1 .25\n. . 4 5 6 \n";
    fm_vectors v;
    fm_error err;
    assert_true(fm_vectors_parse((const uint8_t *)text, strlen(text), &v, &err));
    static const real want[] = {-1.5, 20, 0.25, 4, 5, 6};
    assert_memory_equal(fm_data(v.vectors), want, sizeof want);
    assert_int_equal(v.words[1].size, 3);
    assert_memory_equal(v.words[1].at, ". .", 3);
    fm_vectors_release(&v);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_safetensors_round_trip, nothing_left),
        cmocka_unit_test_teardown(test_safetensors_dtypes, nothing_left),
        cmocka_unit_test_teardown(test_safetensors_hostile, nothing_left),
        cmocka_unit_test_teardown(test_safetensors_refuses_to_write, nothing_left),
        cmocka_unit_test_teardown(test_npy_round_trip, nothing_left),
        cmocka_unit_test_teardown(test_npy_accepts, nothing_left),
        cmocka_unit_test_teardown(test_npy_hostile, nothing_left),
        cmocka_unit_test_teardown(test_whole_numbers, nothing_left),
        cmocka_unit_test_teardown(test_idx, nothing_left),
        cmocka_unit_test_teardown(test_cifar, nothing_left),
        cmocka_unit_test_teardown(test_vectors, nothing_left),
    };
    return cmocka_run_group_tests_name("io_formats", tests, make_folder, remove_folder);
}

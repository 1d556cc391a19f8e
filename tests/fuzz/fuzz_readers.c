/* Every reader against damaged input:
 *   fuzz_readers [N [SEED]]        changes good files N times a format and counts the verdicts; the
 *                                  same seed does the same
 *   fuzz_readers formats           prints their names
 *   fuzz_readers good FORMAT       prints an input: a byte, and a good file
 *   fuzz_readers again FORMAT < FILE   inputs that were kept (corpus.lua), each after its size
 * What is looked for: a crash, a leak, a sanitizer's report, an error without a message. With
 * -DFM_LIBFUZZER -fsanitize=fuzzer it is a libFuzzer target instead (see readers), of the format
 * that the environment's FORMAT names. */
#include "cifar.h"
#include "idx.h"
#include "json.h"
#include "npy.h"
#include "number.h"
#include "png_file.h"
#include "safetensors.h"
#include "storage.h"
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MAX_BYTES = 1 << 15 };

typedef struct input {
    uint8_t at[MAX_BYTES];
    size_t size;
} input;

static void fail(const char *what, const char *detail) {
    fprintf(stderr, "fuzz_readers: %s: %s\n", what, detail);
    abort();
}

/* ---- readers: true when accepted ---- */

static bool read_safetensors(const uint8_t *at, size_t size, fm_error *err) {
    fm_safetensors s;
    bool ok = fm_safetensors_parse(at, size, &s, err);
    fm_safetensors_release(&s);
    return ok;
}

static bool read_cifar(const uint8_t *at, size_t size, fm_error *err) {
    fm_tensor *images, *labels;
    bool ok = fm_cifar10_parse(at, size, &images, &labels, err);
    fm_tensor_release(images);
    fm_tensor_release(labels);
    return ok;
}

static bool read_vectors(const uint8_t *at, size_t size, fm_error *err) {
    fm_vectors v;
    bool ok = fm_vectors_parse(at, size, &v, err);
    fm_vectors_release(&v);
    return ok;
}

static bool read_one(bool (*parse)(const uint8_t *, size_t, fm_tensor **, fm_error *), const uint8_t *at, size_t size, fm_error *err) {
    fm_tensor *t;
    bool ok = parse(at, size, &t, err);
    fm_tensor_release(t);
    return ok;
}

static bool read_npy(const uint8_t *at, size_t size, fm_error *err) {
    return read_one(fm_npy_parse, at, size, err);
}

static bool read_idx(const uint8_t *at, size_t size, fm_error *err) {
    return read_one(fm_idx_parse, at, size, err);
}

static bool read_png(const uint8_t *at, size_t size, fm_error *err) {
    return read_one(fm_png_parse, at, size, err);
}

static void walk_value(fm_json_cursor *at) {
    static char text[MAX_BYTES], quoted[6 * MAX_BYTES + 2];
    fm_json v = fm_json_take(at);
    fm_json_problem problem;
    if (v.kind == FM_JSON_STRING) {
        size_t n = fm_json_quote(text, fm_json_string(v, text), quoted);
        if (!fm_json_check(quoted, n, 1, &problem)) fail("a string written by us is refused", problem.says);
    } else if (v.kind == FM_JSON_INTEGER) {
        fm_json_integer(v);
    } else if (v.kind == FM_JSON_NUMBER) {
        char printed[FM_NUMBER_TEXT];
        double back, value = fm_json_number(v);
        if (!fm_number_parse(printed, fm_number_print(value, printed), &back) || back != value)
            fail("a number does not come back", printed);
    } else if (v.kind == FM_JSON_ARRAY || v.kind == FM_JSON_OBJECT) {
        while (fm_json_more(at)) walk_value(at);
    }
}

static bool read_json(const uint8_t *at, size_t size, fm_error *err) {
    if (!fm_json_check_lines((const char *)at, size, FM_JSON_DEPTH, err)) return false;
    fm_json_cursor cursor = {(const char *)at, (const char *)at + size};
    walk_value(&cursor);
    return true;
}

/* ---- good files to start from, and what makes a changed one worth reading ---- */

static void put(input *in, const void *bytes, size_t n) {
    memcpy(in->at + in->size, bytes, n);
    in->size += n;
}

static void put_text(input *in, const char *text) {
    put(in, text, strlen(text));
}

static void make_safetensors(input *in) {
    static const char header[] =
        "{\"__metadata__\":{\"step\":\"17\",\"k\\u00e9y\":\"\\n\"},\"a\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]},"
        "\"b\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[24,32]},\"c\":{\"dtype\":\"BF16\",\"shape\":[2,0],\"data_offsets\":[32,32]"
        "}} ";
    put(in, "\0\0\0\0\0\0\0\0", 8);
    put_text(in, header);
    in->at[0] = (uint8_t)(sizeof header - 1);
    put(in, "0123456789abcdef01234567\0\0\0\1\0\0\0", 32);
}

/* The header length often follows its text, so that changes inside it are not all lost. */
static void repair_safetensors(input *in) {
    uint8_t *end = in->size > 8 ? memchr(in->at + 8, ' ', in->size - 8) : NULL;
    if (!end) return;
    in->at[0] = (uint8_t)(end + 1 - in->at - 8);
    in->at[1] = (uint8_t)((end + 1 - in->at - 8) >> 8);
}

static void make_npy(input *in) {
    static const char header[] = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n";
    put(in, "\x93NUMPY\1\0\0\0", 10);
    put_text(in, header);
    in->at[8] = (uint8_t)(sizeof header - 1);
    put(in, "0123456789abcdef01234567", 24);
}

static void repair_npy(input *in) {
    uint8_t *end = in->size > 10 ? memchr(in->at + 10, '\n', in->size - 10) : NULL;
    if (!end) return;
    in->at[8] = (uint8_t)(end + 1 - in->at - 10);
    in->at[9] = (uint8_t)((end + 1 - in->at - 10) >> 8);
}

static void make_idx(input *in) {
    put(in,
        "\0\0\x0B\2\0\0\0\2\0\0\0\3"
        "0123456789ab",
        24);
}

static void make_cifar(input *in) {
    in->size = 2 * 3073;
    memset(in->at, 3, in->size);
}

static void make_vectors(input *in) {
    put_text(in, "3 4\nthe 0.1 -2.5e-3 .5 7\n. . 1 2 3 4 \r\n\xC3\xA9 0 0 0 1\n");
}

static void make_json(input *in) {
    put_text(in,
             "{\"a\": [1, -2.5e-3, true, null, \"x\\u00e9\\ud83d\\ude00\\n\"], \"b\": {\"c\": {}, \"d\": []}, \"e\": 9223372036854775807}");
}

static void put_chunk(input *in, const char *type, const void *data, size_t n) {
    uint8_t head[8] = {0, 0, (uint8_t)(n >> 8), (uint8_t)n}, tail[4] = {0};
    memcpy(head + 4, type, 4);
    put(in, head, 8);
    put(in, data, n);
    put(in, tail, 4);
}

/* Checksums would refuse every change: most changed files get right ones. */
static void repair_png(input *in) {
    for (size_t at = 8; at + 12 <= in->size;) {
        size_t n = (size_t)in->at[at + 2] << 8 | in->at[at + 3];
        if (in->at[at] || in->at[at + 1] || at + 12 + n > in->size) return;
        uLong crc = crc32(0, in->at + at + 4, (uInt)n + 4);
        for (size_t i = 0; i < 4; i++) in->at[at + 8 + n + i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 12 + n;
    }
}

static void make_png(input *in) {
    static const uint8_t rows[] = {0, 1, 2, 1, 0, 1, 0, 1, 0, 2, 2, 2};
    uint8_t packed[128];
    uLongf size = sizeof packed;
    compress2(packed, &size, rows, sizeof rows, 9);
    put(in, "\x89PNG\r\n\x1A\n", 8);
    put_chunk(in, "IHDR", "\0\0\0\3\0\0\0\3\x08\3\0\0\0", 13);
    put_chunk(in, "PLTE", "\xFF\0\0\0\xFF\0\0\0\xFF", 9);
    put_chunk(in, "tRNS", "\x33", 1);
    put_chunk(in, "tEXt", "a\0b", 3);
    put_chunk(in, "IDAT", packed, size);
    put_chunk(in, "IEND", "", 0);
    repair_png(in);
}

/* The content is changed, then packed. */
static void repair_gzip(input *in) {
    static uint8_t packed[MAX_BYTES];
    z_stream z = {0};
    deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    z.next_in = in->at;
    z.avail_in = (uInt)in->size;
    z.next_out = packed;
    z.avail_out = sizeof packed;
    if (deflate(&z, Z_FINISH) == Z_STREAM_END) {
        in->size = 0;
        put(in, packed, sizeof packed - z.avail_out);
    }
    deflateEnd(&z);
}

static void make_gzip(input *in) {
    make_idx(in);
    repair_gzip(in);
}

static const struct format {
    const char *name;
    bool (*read)(const uint8_t *, size_t, fm_error *);
    void (*make)(input *);
    void (*repair)(input *); /* or NULL */
} formats[] = {
    {"safetensors", read_safetensors, make_safetensors, repair_safetensors},
    {"npy", read_npy, make_npy, repair_npy},
    {"idx", read_idx, make_idx, NULL},
    {"gzip", read_idx, make_gzip, NULL},
    {"gzip_idx", read_idx, make_idx, repair_gzip},
    {"cifar10", read_cifar, make_cifar, NULL},
    {"png", read_png, make_png, repair_png},
    {"vectors", read_vectors, make_vectors, NULL},
    {"json", read_json, make_json, NULL},
};
enum { N_FORMATS = sizeof formats / sizeof *formats };

/* ---- one input, from a block of exactly its size ---- */

static bool try_input(const struct format *f, const uint8_t *at, size_t size) {
    fm_error err = {.text = ""};
    size_t before = fm_live_bytes();
    uint8_t *copy = malloc(size ? size : 1);
    if (size) memcpy(copy, at, size);
    bool ok = f->read(copy, size, &err);
    free(copy);
    if (!ok && !err.text[0]) fail(f->name, "refused without a word");
    if (fm_live_bytes() != before) fail(f->name, "tensors leak");
    return ok;
}

static const struct format *format_of(const char *name) {
    for (size_t k = 0; k < N_FORMATS; k++)
        if (name && strcmp(formats[k].name, name) == 0) return &formats[k];
    fprintf(stderr, "fuzz_readers: no format is called \"%s\": see fuzz_readers formats\n", name ? name : "");
    exit(2);
}

/* An input that is kept: a byte that says whether the rest is repaired, and the rest. */
static void try_kept(const struct format *f, const uint8_t *data, size_t size) {
    static input in;
    if (size == 0 || size > MAX_BYTES / 2) return;
    in.size = 0;
    put(&in, data + 1, size - 1);
    if (f->repair && data[0] % 8) f->repair(&in);
    try_input(f, in.at, in.size);
}

#ifdef FM_LIBFUZZER

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct format *f;
    if (!f) f = format_of(getenv("FORMAT"));
    try_kept(f, data, size);
    return 0;
}

#else

static uint64_t random_state;

static size_t below(size_t n) { /* splitmix64 (G. Steele and others, 2014) */
    uint64_t z = random_state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (size_t)((z ^ z >> 31) % (n ? n : 1));
}

static void insert(input *in, size_t where, const void *bytes, size_t n) {
    if (in->size + n > MAX_BYTES / 2) return;
    memmove(in->at + where + n, in->at + where, in->size - where);
    memcpy(in->at + where, bytes, n);
    in->size += n;
}

static void change(input *in) {
    static const char *const words[] = {"18446744073709551615",
                                        "9223372036854775807",
                                        "4294967296",
                                        "-1",
                                        "0",
                                        "1e999",
                                        "[",
                                        "{",
                                        "}",
                                        "]",
                                        ",",
                                        ":",
                                        "\"",
                                        "'",
                                        "(",
                                        ")",
                                        "\\u0000",
                                        "\\ud800",
                                        "\xFF",
                                        "\xED\xA0\x80",
                                        " ",
                                        "\n",
                                        ".",
                                        "nan",
                                        "1.5"};
    static const uint8_t edges[] = {0, 1, 0x7F, 0x80, 0xFF, '9', '"', ' ', '\n'};
    size_t where = below(in->size), n = 1 + below(8);
    switch (below(8)) {
    case 0:
        if (in->size) in->at[where] ^= (uint8_t)(1 << below(8));
        break;
    case 1:
        if (in->size) in->at[where] = (uint8_t)below(256);
        break;
    case 2:
        if (in->size) in->at[where] = edges[below(sizeof edges)];
        break;
    case 3:
        in->size = where;
        break;
    case 4:
        if (n > in->size - where) n = in->size - where;
        memmove(in->at + where, in->at + where + n, in->size - where - n);
        in->size -= n;
        break;
    case 5: {
        uint8_t part[64]; /* a piece appears twice */
        n = 1 + below(sizeof part);
        if (n > in->size - where) n = in->size - where;
        memcpy(part, in->at + where, n);
        insert(in, below(in->size + 1), part, n);
        break;
    }
    case 6: {
        const char *word = words[below(sizeof words / sizeof *words)];
        insert(in, where, word, strlen(word));
        break;
    }
    default:
        for (size_t i = 0; i < n && where + i < in->size; i++) in->at[where + i] = 0xFF;
        break;
    }
}

static void print_formats(void) {
    for (size_t k = 0; k < N_FORMATS; k++) puts(formats[k].name);
}

static void print_good(const struct format *f) {
    static input in;
    f->make(&in);
    putchar(f->repair ? 1 : 0);
    fwrite(in.at, 1, in.size, stdout);
}

static void try_again(const struct format *f) {
    static uint8_t data[MAX_BYTES];
    uint8_t head[4];
    unsigned long n = 0;
    for (; fread(head, 1, 4, stdin) == 4; n++) {
        size_t size = head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
        if (size > sizeof data || fread(data, 1, size, stdin) != size) fail(f->name, "the file of inputs is cut");
        try_kept(f, data, size);
    }
    if (n == 0) fail(f->name, "no inputs");
    printf("%-18s %8lu inputs that were kept\n", f->name, n);
}

int main(int argc, char **argv) {
    static input good, in;
    if (argc == 2 && strcmp(argv[1], "formats") == 0) return print_formats(), 0;
    if (argc == 3 && strcmp(argv[1], "good") == 0) return print_good(format_of(argv[2])), 0;
    if (argc == 3 && strcmp(argv[1], "again") == 0) return try_again(format_of(argv[2])), 0;
    unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000;
    random_state = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
    for (size_t k = 0; k < N_FORMATS; k++) {
        const struct format *f = &formats[k];
        unsigned long accepted = 0;
        good.size = 0;
        f->make(&good);
        if (!try_input(f, good.at, good.size)) fail(f->name, "the good file is refused");
        for (unsigned long i = 0; i < n; i++) {
            in.size = 0;
            put(&in, good.at, good.size);
            for (size_t changes = 1 + below(4); changes > 0; changes--) change(&in);
            if (f->repair && below(8)) f->repair(&in);
            accepted += try_input(f, in.at, in.size);
        }
        if (n >= 1000 && (accepted == 0 || accepted == n)) fail(f->name, "every verdict is the same: the changes test nothing");
        printf("%-18s %8lu inputs, %8lu accepted, %8lu refused\n", f->name, n, accepted, n - accepted);
    }
    return 0;
}

#endif

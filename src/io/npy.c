#include "npy.h"

#include "atomic_file.h"
#include "bytes.h"
#include "element.h"

#include <stdio.h>
#include <string.h>

enum { HEADER_LIMIT = 65536, ALIGNMENT = 64 };
static const uint8_t magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

typedef struct parser {
    const uint8_t *bytes, *p, *end; /* end: of the header */
    fm_error *err;
    const fm_element *element;
    fm_byte_order order;
    bool fortran;
    int rank;
    size_t shape[FM_MAX_RANK];
    bool has_descr, has_fortran, has_shape;
} parser;

static size_t place(const parser *p) {
    return (size_t)(p->p - p->bytes);
}

static bool expected(parser *p, const char *what) {
    char found[FM_QUOTE_TEXT];
    if (p->p == p->end) return fm_fail_at(p->err, "npy", place(p), "header: it ends (expected %s)", what);
    return fm_fail_at(p->err, "npy", place(p), "header: expected %s, found %s", what, fm_quote(p->p, 1, found));
}

static void skip_blanks(parser *p) {
    while (p->p < p->end && (*p->p == ' ' || *p->p == '\t' || *p->p == '\n' || *p->p == '\r')) p->p++;
}

static bool next_is(parser *p, char c) {
    skip_blanks(p);
    return p->p < p->end && *p->p == c;
}

static bool take(parser *p, char c, const char *what) {
    if (!next_is(p, c)) return expected(p, what);
    p->p++;
    return true;
}

/* A string in either kind of quotes; one with escapes is refused. */
static bool take_string(parser *p, const char *what, const uint8_t **text, size_t *size) {
    skip_blanks(p);
    if (p->p == p->end || (*p->p != '\'' && *p->p != '"')) return expected(p, what);
    uint8_t quote = *p->p++;
    *text = p->p;
    while (p->p < p->end && *p->p != quote) {
        if (*p->p == '\\' || *p->p < 0x20 || *p->p > 0x7E) return expected(p, "a plain character");
        p->p++;
    }
    *size = (size_t)(p->p - *text);
    return take(p, (char)quote, "a closing quote");
}

static bool take_descr(parser *p) {
    skip_blanks(p);
    size_t at = place(p), size;
    const uint8_t *text;
    char shown[FM_QUOTE_TEXT];
    if (next_is(p, '[')) return fm_fail_at(p->err, "npy", at, "structured types are not supported");
    if (!take_string(p, "a type in quotes", &text, &size)) return false;
    if (size >= 2 && text[1] == 'O') return fm_fail_at(p->err, "npy", at, "object arrays need pickle, which can run code; refused");
    size_t order = size && memchr("<>=|", text[0], 4) ? 1 : 0; /* without one, and with = or |: the machine's, as NumPy reads them */
    p->element = fm_element_coded((const char *)text + order, size - order);
    if (!p->element) {
        return fm_fail_at(p->err, "npy", at, "descr %s is not supported (supported: f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8 b1)",
                          fm_quote(text, size, shown));
    }
    p->order = text[0] == '>' ? FM_BIG_ENDIAN : FM_LITTLE_ENDIAN;
    return true;
}

static bool take_fortran(parser *p) {
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"False", false}, {"True", true}};
    skip_blanks(p);
    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(words[i].word);
        if ((size_t)(p->end - p->p) < n || memcmp(p->p, words[i].word, n) != 0) continue;
        p->p += n;
        p->fortran = words[i].value;
        return true;
    }
    return expected(p, "True or False");
}

static bool take_size(parser *p, int axis) {
    skip_blanks(p);
    size_t at = place(p);
    const uint8_t *first = p->p;
    uint64_t v = 0;
    bool fits = true;
    for (; p->p < p->end && *p->p >= '0' && *p->p <= '9'; p->p++) {
        uint64_t d = (uint64_t)(*p->p - '0');
        if (v > (INT64_MAX - d) / 10) fits = false;
        else v = v * 10 + d;
    }
    if (p->p == first || !fits || (*first == '0' && p->p - first > 1)) {
        return fm_fail_at(p->err, "npy", at, "shape[%d] is not a whole number in 0..2^63-1", axis);
    }
    if (p->p < p->end && *p->p == 'L') p->p++; /* written by Python 2 */
    if (axis < FM_MAX_RANK) p->shape[axis] = (size_t)v;
    return true;
}

static bool take_shape(parser *p) {
    size_t at = place(p);
    int rank = 0;
    if (!take(p, '(', "'('")) return false;
    while (!next_is(p, ')')) {
        if (!take_size(p, rank++)) return false;
        if (rank > 1 && next_is(p, ')')) break;
        if (!take(p, ',', "','")) return false;
    }
    p->p++;
    if (rank > FM_MAX_RANK) return fm_fail_at(p->err, "npy", at, "rank %d is over the limit %d", rank, FM_MAX_RANK);
    p->rank = rank;
    return true;
}

static bool take_pair(parser *p) {
    const struct {
        const char *key;
        bool *seen;
        bool (*take_value)(parser *);
    } keys[] = {
        {"descr", &p->has_descr, take_descr}, {"fortran_order", &p->has_fortran, take_fortran}, {"shape", &p->has_shape, take_shape}};
    skip_blanks(p);
    size_t at = place(p), size = 0;
    const uint8_t *text = NULL;
    char shown[FM_QUOTE_TEXT];
    if (!take_string(p, "a key in quotes", &text, &size)) return false;
    for (size_t i = 0; i < 3; i++) {
        if (strlen(keys[i].key) != size || memcmp(keys[i].key, text, size) != 0) continue;
        if (*keys[i].seen) return fm_fail_at(p->err, "npy", at, "duplicate key \"%s\"", keys[i].key);
        *keys[i].seen = true;
        return take(p, ':', "':'") && keys[i].take_value(p);
    }
    return fm_fail_at(p->err, "npy", at, "header: unexpected key %s", fm_quote(text, size, shown));
}

static bool take_header(parser *p) {
    if (!take(p, '{', "'{'")) return false;
    while (!next_is(p, '}')) {
        if (!take_pair(p)) return false;
        if (!next_is(p, '}') && !take(p, ',', "',' or '}'")) return false;
    }
    p->p++;
    skip_blanks(p);
    if (p->p != p->end) return expected(p, "only blanks");
    const char *missing = !p->has_descr ? "descr" : !p->has_fortran ? "fortran_order" : !p->has_shape ? "shape" : NULL;
    return !missing || fm_fail_at(p->err, "npy", place(p), "header: missing key \"%s\"", missing);
}

/* Magic, version, header length; leaves p at the header. */
static bool take_frame(parser *p, size_t size) {
    const uint8_t *b = p->bytes;
    size_t good = 0;
    while (good < 6 && good < size && b[good] == magic[good]) good++;
    if (good < 6) {
        const char *seems = good ? NULL : fm_sniff(b, size);
        return fm_fail_at(p->err, "npy", good, "not an NPY file (expected \\x93NUMPY)%s%s", seems ? ": it " : "", seems ? seems : "");
    }
    if (size < 8) return fm_fail_at(p->err, "npy", size, "header is cut");
    if (b[6] < 1 || b[6] > 3 || b[7] != 0)
        return fm_fail_at(p->err, "npy", 6, "unsupported version %d.%d (expected 1.0, 2.0 or 3.0)", b[6], b[7]);
    size_t width = b[6] == 1 ? 2 : 4;
    if (size < 8 + width) return fm_fail_at(p->err, "npy", size, "header is cut");
    uint64_t length = fm_load_little(b + 8, width);
    if (length > size - 8 - width) {
        return fm_fail_at(p->err, "npy", 8, "header length %llu exceeds the file (%zu bytes)", (unsigned long long)length, size);
    }
    if (length > HEADER_LIMIT)
        return fm_fail_at(p->err, "npy", 8, "header length %llu is over the limit %d", (unsigned long long)length, HEADER_LIMIT);
    p->p = b + 8 + width;
    p->end = p->p + length;
    return true;
}

static bool check_data(parser *p, size_t size, size_t *count) {
    uint64_t product = 1, bytes;
    bool empty = false, overflows = false;
    for (int i = 0; i < p->rank; i++) {
        if (!p->shape[i]) empty = true;
        else overflows = overflows || __builtin_mul_overflow(product, p->shape[i], &product);
    }
    overflows = overflows || __builtin_mul_overflow(product, p->element->size, &bytes) || bytes > INT64_MAX;
    size_t data = (size_t)(p->end - p->bytes);
    if (overflows) return fm_fail_at(p->err, "npy", data, "shape product overflows");
    if (empty) bytes = 0;
    *count = (size_t)bytes / p->element->size;
    if (bytes == size - data) return true;
    return fm_fail_at(p->err, "npy", data, "wrong size of the data (expected %llu bytes, found %zu)", (unsigned long long)bytes,
                      size - data);
}

static bool refuse(const parser *p, const uint8_t *from) {
    char text[FM_ELEMENT_TEXT];
    size_t entry = (size_t)(from - p->end) / p->element->size + 1;
    return fm_fail_at(p->err, "npy", (size_t)(from - p->bytes), "%s", fm_element_refused(p->element, p->order, from, entry, text));
}

static bool decode(const parser *p, size_t count, real *to) {
    size_t done = fm_element_decode(p->element, p->order, count, p->end, to);
    return done == count || refuse(p, p->end + done * p->element->size);
}

/* The first axis runs fastest in the file, the last one in a tensor. */
static bool decode_fortran(const parser *p, size_t count, real *to) {
    size_t stride[FM_MAX_RANK] = {0}, index[FM_MAX_RANK] = {0}, at = 0;
    for (int i = 0; i < p->rank; i++) stride[i] = i ? stride[i - 1] * p->shape[i - 1] : 1;
    for (size_t n = 0; n < count; n++) {
        const uint8_t *from = p->end + at * p->element->size;
        if (!fm_element_decode(p->element, p->order, 1, from, to + n)) return refuse(p, from);
        for (int i = p->rank - 1; i >= 0; i--) {
            at += stride[i];
            if (++index[i] < p->shape[i]) break;
            at -= stride[i] * p->shape[i];
            index[i] = 0;
        }
    }
    return true;
}

bool fm_npy_parse(const uint8_t *bytes, size_t size, fm_tensor **out, fm_error *err) {
    parser p = {.bytes = bytes, .err = err};
    size_t count = 0;
    *out = NULL;
    if (!take_frame(&p, size) || !take_header(&p) || !check_data(&p, size, &count)) return false;
    *out = fm_tensor_new(p.rank, p.shape, err);
    if (!*out) return false;
    bool ok = p.fortran ? decode_fortran(&p, count, fm_data(*out)) : decode(&p, count, fm_data(*out));
    if (ok) return true;
    fm_tensor_release(*out);
    *out = NULL;
    return false;
}

bool fm_npy_load(const char *path, fm_tensor **out, fm_error *err) {
    fm_file file;
    if (!fm_file_read(path, &file, err)) return false;
    bool ok = fm_npy_parse(file.bytes, file.size, out, err);
    fm_file_release(&file);
    return ok || fm_fail_in(err, path);
}

bool fm_npy_save(const char *path, const fm_tensor *t, fm_error *err) {
    char header[512];
    memcpy(header, magic, 6);
    size_t n = 10;
    n += (size_t)snprintf(header + n, 80, "{'descr': '<%s', 'fortran_order': False, 'shape': (", fm_element_real()->code);
    for (int i = 0; i < t->rank; i++)
        n += (size_t)snprintf(header + n, 32, "%zu%s", t->shape[i], i + 1 < t->rank ? ", " : t->rank == 1 ? "," : "");
    n += (size_t)snprintf(header + n, 32, "), }");
    while ((n + 1) % ALIGNMENT) header[n++] = ' ';
    header[n++] = '\n';
    header[6] = 1;
    header[7] = 0;
    header[8] = (char)((n - 10) & 0xFF);
    header[9] = (char)((n - 10) >> 8);
    fm_writer *w = fm_writer_open(path, err);
    if (!w) return false;
    if (fm_writer_put(w, header, n, err) && fm_writer_put(w, fm_data(t), t->count * sizeof(real), err)) return fm_writer_close(w, err);
    fm_writer_abandon(w);
    return false;
}

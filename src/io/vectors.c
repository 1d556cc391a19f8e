#include "vectors.h"

#include "bytes.h"
#include "number.h"

#include <stdlib.h>
#include <string.h>

enum { LINE_LIMIT = 1 << 20 };
#define ONE " (for vectors of one number put a header above: their count, and 1)"

/* A line without its end: newline, carriage return, blanks. */
typedef struct line {
    const char *at;
    size_t size, number;
} line;

typedef struct parser {
    const char *p, *end;
    size_t lines; /* taken so far */
    size_t dim, announced;
    bool has_header;
    fm_error *err;
} parser;

static bool fail_line(parser *p, size_t number, const char *problem) {
    return fm_fail(p->err, "vectors: line %zu: %s", number, problem);
}

/* The next line that is not the end of the file; *more says whether there was one. */
static bool take_line(parser *p, line *l, bool *more) {
    *more = p->p < p->end;
    if (!*more) return true;
    const char *newline = memchr(p->p, '\n', (size_t)(p->end - p->p)), *last = newline ? newline : p->end;
    *l = (line){p->p, (size_t)(last - p->p), ++p->lines};
    p->p = newline ? newline + 1 : p->end;
    if (l->size > LINE_LIMIT) return fail_line(p, l->number, "is over the limit of 1 MiB");
    if (memchr(l->at, 0, l->size)) return fail_line(p, l->number, "has a NUL byte");
    if (l->size && l->at[l->size - 1] == '\r') l->size--;
    while (l->size && l->at[l->size - 1] == ' ') l->size--;
    return l->size > 0 || fail_line(p, l->number, "is empty");
}

/* The last field of a line, which is cut off it with its blank; false when no blank is left. */
static bool cut_field(line *l, line *field) {
    size_t from = l->size;
    while (from && l->at[from - 1] != ' ') from--;
    *field = (line){l->at + from, l->size - from, l->number};
    l->size = from ? from - 1 : 0;
    return from > 0;
}

static bool is_number(line field) {
    double v;
    return fm_number_parse(field.at, field.size, &v);
}

static size_t trailing_numbers(line l) {
    size_t n = 0;
    line field;
    while (cut_field(&l, &field) && is_number(field)) n++;
    return n;
}

static bool parse_count(line field, size_t *count) {
    *count = 0;
    for (size_t i = 0; i < field.size; i++) {
        if (field.at[i] < '0' || field.at[i] > '9' || *count > 100000000000) return false;
        *count = *count * 10 + (size_t)(field.at[i] - '0');
    }
    return field.size > 0;
}

/* Two whole numbers are a header, as other readers take it; alone they are a word and its
 * number. */
static bool detect_header(parser *p, line first) {
    line rest = first, dim_field, second;
    size_t dim, count;
    bool more;
    parser ahead = *p;
    if (!cut_field(&rest, &dim_field) || !parse_count(dim_field, &dim) || !parse_count(rest, &count) || dim == 0) return true;
    if (!take_line(&ahead, &second, &more)) return false;
    if (!more && count > 0) return true;
    if (more && dim > 1 && trailing_numbers(second) == 1)
        return fm_fail(p->err, "vectors: line 1 reads as a header (%zu vectors of %zu numbers), but line 2 has one number" ONE, count, dim);
    p->has_header = true;
    p->announced = count;
    p->dim = dim;
    return true;
}

/* A word may have a blank in it. One that ends in a fraction is a vector with a number too many. */
static bool check_word(parser *p, line word) {
    line rest = word, field;
    if (word.size == 0) return fail_line(p, word.number, "empty word");
    if (!cut_field(&rest, &field) || !memchr(field.at, '.', field.size) || !is_number(field)) return true;
    return fm_fail(p->err, "vectors: line %zu: expected %zu numbers, found %zu", word.number, p->dim, p->dim + trailing_numbers(word));
}

/* One line: numbers to `row` when it is not NULL, and the word. */
static bool parse_line(parser *p, line l, real *row, line *word) {
    line whole = l, field;
    for (size_t k = p->dim; k-- > 0;) {
        if (!cut_field(&l, &field)) {
            return fm_fail(p->err, "vectors: line %zu: expected %zu numbers, found %zu", l.number, p->dim, p->dim - 1 - k);
        }
        double v;
        if (!fm_number_parse(field.at, field.size, &v)) {
            char shown[FM_QUOTE_TEXT];
            size_t found = trailing_numbers(whole);
            fm_quote(field.at, field.size, shown);
            return fm_fail(p->err, "vectors: line %zu: number %zu of %zu from the right: not a finite decimal number: %s", l.number,
                           found + 1, p->dim, shown);
        }
        if (row) row[k] = (real)v;
    }
    *word = l;
    return check_word(p, l);
}

/* First pass: the header, the dimension, the number of lines. */
static bool measure(parser *p, size_t *n) {
    line l = {0};
    bool more;
    bool odd = p->p < p->end && (*p->p < ' ' || *p->p == '<' || *p->p == 0x7F); /* "GIF89" may be a word */
    const char *seems = odd ? fm_sniff((const uint8_t *)p->p, (size_t)(p->end - p->p)) : NULL;
    if (seems) return fm_fail(p->err, "vectors: line 1: not a text of vectors: it %s", seems);
    parser start = *p;
    if (!take_line(p, &l, &more)) return false;
    if (!more) return fm_fail(p->err, "vectors: no vectors");
    if (!detect_header(p, l)) return false;
    if (!p->has_header) {
        p->dim = trailing_numbers(l);
        if (p->dim == 0) return fail_line(p, 1, "no numbers behind the word");
        *p = (parser){start.p, start.end, 0, p->dim, 0, false, p->err};
    }
    parser ahead = *p;
    for (*n = 0;; ++*n) {
        if (!take_line(&ahead, &l, &more)) return false;
        if (!more) break;
        if (l.size < 2 * p->dim) break; /* too short for its numbers: the second pass says so, before memory is taken for more */
    }
    if (!more && p->has_header && *n != p->announced) {
        return fm_fail(p->err, "vectors: the header says %zu vectors, found %zu%s", p->announced, *n, p->dim == 1 ? ONE : "");
    }
    if (!more && *n == 0) return fm_fail(p->err, "vectors: no vectors");
    if (!more) return true;
    line word;
    return parse_line(p, l, NULL, &word);
}

static int by_text(const void *a, const void *b) {
    const fm_word *x = *(const fm_word *const *)a, *y = *(const fm_word *const *)b;
    int order = memcmp(x->at, y->at, x->size < y->size ? x->size : y->size);
    if (order) return order;
    if (x->size != y->size) return x->size < y->size ? -1 : 1;
    return (x > y) - (x < y);
}

static bool check_repeats(parser *p, const fm_word *words, size_t n) {
    const fm_word **sorted = malloc((n + 1) * sizeof *sorted);
    if (!sorted) return fm_fail(p->err, "vectors: no memory for %zu words", n);
    for (size_t i = 0; i < n; i++) sorted[i] = &words[i];
    qsort(sorted, n, sizeof *sorted, by_text);
    bool ok = true;
    for (size_t i = 1; ok && i < n; i++) {
        const fm_word *a = sorted[i - 1], *b = sorted[i];
        char shown[FM_QUOTE_TEXT];
        if (a->size != b->size || memcmp(a->at, b->at, a->size) != 0) continue;
        ok = fm_fail(p->err, "vectors: line %zu: duplicate word %s, first at line %zu", (size_t)(b - words) + 1 + p->has_header,
                     fm_quote(b->at, b->size, shown), (size_t)(a - words) + 1 + p->has_header);
    }
    free(sorted);
    return ok;
}

static bool fill(parser *p, fm_vectors *out, size_t n) {
    size_t shape[2] = {n, p->dim};
    out->words = malloc(n * sizeof *out->words);
    if (!out->words) return fm_fail(p->err, "vectors: no memory for %zu words", n);
    out->vectors = fm_tensor_new(2, shape, p->err);
    if (!out->vectors) return false;
    for (size_t i = 0; i < n; i++) {
        line l = {0}, word;
        bool more;
        if (!take_line(p, &l, &more) || !parse_line(p, l, fm_data(out->vectors) + i * p->dim, &word)) return false;
        out->words[i] = (fm_word){word.at, word.size};
        out->n = i + 1;
    }
    return check_repeats(p, out->words, n);
}

bool fm_vectors_parse(const uint8_t *bytes, size_t size, fm_vectors *out, fm_error *err) {
    *out = (fm_vectors){0};
    parser p = {.p = (const char *)bytes, .end = (const char *)bytes + size, .err = err};
    size_t n = 0;
    if (measure(&p, &n) && fill(&p, out, n)) return true;
    fm_vectors_release(out);
    return false;
}

bool fm_vectors_load(const char *path, fm_vectors *out, fm_error *err) {
    fm_file file;
    *out = (fm_vectors){0};
    if (!fm_file_read(path, &file, err)) return false;
    if (fm_vectors_parse(file.bytes, file.size, out, err)) {
        out->file = file;
        return true;
    }
    fm_file_release(&file);
    return fm_fail_in(err, path);
}

void fm_vectors_release(fm_vectors *v) {
    fm_tensor_release(v->vectors);
    free(v->words);
    fm_file_release(&v->file);
    *v = (fm_vectors){0};
}

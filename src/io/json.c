#include "json.h"

#include "bytes.h"
#include "number.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- strings, as in the text between the quotes ---- */

static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* The four digits after \u, or -1. */
static int32_t hex4(const char *p, const char *end) {
    int32_t v = 0;
    if (end - p < 4) return -1;
    for (int i = 0; i < 4; i++) {
        int d = hex_digit(p[i]);
        if (d < 0) return -1;
        v = v * 16 + d;
    }
    return v;
}

static size_t put_utf8(uint32_t c, char *to) {
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = n - 1; i > 0; i--, c >>= 6) to[i] = (char)(0x80 | (c & 0x3F));
    to[0] = (char)(lead[n] | c);
    return n;
}

/* Decodes the escape at p ("\..."): its bytes go to `to`, at most 4; returns how many characters it
 * took, or 0. */
static size_t take_escape(const char *p, const char *end, char to[4], size_t *written) {
    static const char plain[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
    *written = 1;
    if (end - p < 2) return 0;
    const char *found = p[1] ? strchr(plain, p[1]) : NULL;
    if (found) {
        to[0] = means[found - plain];
        return 2;
    }
    int32_t high = p[1] == 'u' ? hex4(p + 2, end) : -1;
    if (high < 0 || (high >= 0xDC00 && high <= 0xDFFF)) return 0;
    if (high < 0xD800 || high > 0xDBFF) {
        *written = put_utf8((uint32_t)high, to);
        return 6;
    }
    int32_t low = end - p >= 12 && p[6] == '\\' && p[7] == 'u' ? hex4(p + 8, end) : -1; /* the second half of a pair */
    if (low < 0xDC00 || low > 0xDFFF) return 0;
    *written = put_utf8(0x10000 + ((uint32_t)(high - 0xD800) << 10) + (uint32_t)(low - 0xDC00), to);
    return 12;
}

size_t fm_json_string(fm_json v, char *to) {
    size_t n = 0, written;
    const char *end = v.text + v.size;
    for (const char *p = v.text; p < end;) {
        if (*p != '\\') {
            to[n++] = *p++;
            continue;
        }
        char bytes[4];
        p += take_escape(p, end, bytes, &written);
        memcpy(to + n, bytes, written);
        n += written;
    }
    return n;
}

/* A string's bytes one by one, so that keys can be compared without a copy. */
typedef struct walker {
    const char *p, *end;
    char bytes[4];
    size_t n, i;
} walker;

static int walker_next(walker *w) { /* -1 at the end */
    if (w->i < w->n) return (uint8_t)w->bytes[w->i++];
    if (w->p == w->end) return -1;
    if (*w->p != '\\') return (uint8_t)*w->p++;
    w->p += take_escape(w->p, w->end, w->bytes, &w->n);
    w->i = 1;
    return (uint8_t)w->bytes[0];
}

static int compare_strings(fm_json a, fm_json b) {
    walker x = {.p = a.text, .end = a.text + a.size}, y = {.p = b.text, .end = b.text + b.size};
    for (;;) {
        int cx = walker_next(&x), cy = walker_next(&y);
        if (cx != cy) return cx < cy ? -1 : 1;
        if (cx < 0) return 0;
    }
}

bool fm_json_equals(fm_json v, const char *name) {
    fm_json other = {FM_JSON_STRING, name, strlen(name)};
    return v.kind == FM_JSON_STRING && compare_strings(v, other) == 0;
}

/* ---- the check ---- */

typedef struct checker {
    const char *start, *p, *end;
    int depth;
    fm_json *keys; /* of the objects now open, the innermost last */
    size_t n_keys, room;
    fm_json_problem *problem;
} checker;

static bool complain_at(checker *c, const char *at, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool complain_at(checker *c, const char *at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(c->problem->says, sizeof c->problem->says, format, args);
    va_end(args);
    c->problem->at = (size_t)(at - c->start);
    return false;
}

static bool expected(checker *c, const char *what) {
    if (c->p == c->end) return complain_at(c, c->p, "the text ends (expected %s)", what);
    char found[FM_QUOTE_TEXT];
    size_t n = fm_utf8((const uint8_t *)c->p, (size_t)(c->end - c->p));
    return complain_at(c, c->p, "invalid JSON (expected %s, found %s)", what, fm_quote(c->p, n ? n : 1, found));
}

static void skip_blanks(checker *c) {
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\t' || *c->p == '\r')) c->p++;
}

static bool check_string(checker *c, fm_json *string) { /* at the opening quote */
    const char *first = ++c->p;
    while (c->p < c->end && *c->p != '"') {
        char bytes[4];
        size_t written, n;
        if (*c->p == '\\') {
            n = take_escape(c->p, c->end, bytes, &written);
            if (!n) return complain_at(c, c->p, "invalid escape in a string");
        } else if ((uint8_t)*c->p < 0x20) {
            return complain_at(c, c->p, "control character 0x%02X in a string", (unsigned)(uint8_t)*c->p);
        } else {
            n = fm_utf8((const uint8_t *)c->p, (size_t)(c->end - c->p));
            if (!n) return complain_at(c, c->p, "invalid UTF-8 byte 0x%02X", (unsigned)(uint8_t)*c->p);
        }
        c->p += n;
    }
    if (c->p == c->end) return expected(c, "the closing quote of a string");
    *string = (fm_json){FM_JSON_STRING, first, (size_t)(c->p - first)};
    c->p++;
    return true;
}

static const char *skip_digits(const char *p, const char *end) {
    while (p < end && *p >= '0' && *p <= '9') p++;
    return p;
}

/* Where the number at p ends, or NULL when there is none. *whole: it has no point and no
 * exponent. */
static const char *number_end(const char *p, const char *end, bool *whole) {
    *whole = true;
    if (p < end && *p == '-') p++;
    const char *digits = p;
    p = skip_digits(p, end);
    if (p == digits || (*digits == '0' && p - digits > 1)) return NULL;
    if (p < end && *p == '.') {
        *whole = false;
        digits = ++p;
        p = skip_digits(p, end);
        if (p == digits) return NULL;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        *whole = false;
        p++;
        if (p < end && (*p == '-' || *p == '+')) p++;
        digits = p;
        p = skip_digits(p, end);
        if (p == digits) return NULL;
    }
    return p;
}

static bool parse_int64(const char *p, const char *end, int64_t *value) {
    bool negative = *p == '-';
    uint64_t v = 0, limit = negative ? (uint64_t)1 << 63 : INT64_MAX;
    for (p += negative; p < end; p++) {
        uint64_t d = (uint64_t)(*p - '0');
        if (v > (limit - d) / 10) return false;
        v = v * 10 + d;
    }
    *value = negative ? (int64_t)(0 - v) : (int64_t)v;
    return true;
}

static bool check_number(checker *c) {
    bool whole;
    const char *last = number_end(c->p, c->end, &whole);
    if (!last) return complain_at(c, c->p, "invalid number");
    char shown[FM_QUOTE_TEXT];
    int64_t integer;
    double value;
    fm_quote(c->p, (size_t)(last - c->p), shown);
    if (whole && !parse_int64(c->p, last, &integer)) {
        return complain_at(c, c->p, "number out of range (expected a whole number of 64 bits, found %s)", shown);
    }
    if (!whole && !fm_number_parse(c->p, (size_t)(last - c->p), &value)) return complain_at(c, c->p, "number out of range: %s", shown);
    c->p = last;
    return true;
}

static bool push_key(checker *c, fm_json key) {
    if (c->n_keys == c->room) {
        size_t room = c->room ? 2 * c->room : 64;
        fm_json *keys = realloc(c->keys, room * sizeof *keys);
        if (!keys) return complain_at(c, c->p, "no memory for %zu keys", room);
        c->keys = keys;
        c->room = room;
    }
    c->keys[c->n_keys++] = key;
    return true;
}

static int by_key(const void *a, const void *b) {
    const fm_json *x = a, *y = b;
    int order = compare_strings(*x, *y);
    return order ? order : (x->text > y->text) - (x->text < y->text);
}

/* Sorting finds duplicates in n log n for any keys; a hash table can be made slow by a crafted
 * file. */
static bool check_keys(checker *c, size_t first) {
    size_t n = c->n_keys - first;
    if (n > 1) qsort(c->keys + first, n, sizeof *c->keys, by_key);
    for (size_t i = first + 1; i < c->n_keys; i++) {
        if (compare_strings(c->keys[i - 1], c->keys[i]) != 0) continue;
        char shown[FM_QUOTE_TEXT];
        c->problem->first = (size_t)(c->keys[i - 1].text - 1 - c->start);
        return complain_at(c, c->keys[i].text - 1, "duplicate key %s", fm_quote(c->keys[i].text, c->keys[i].size, shown));
    }
    c->n_keys = first;
    return true;
}

static bool check_value(checker *c);

static bool check_member(checker *c) {
    fm_json key;
    skip_blanks(c);
    if (c->p == c->end || *c->p != '"') return expected(c, "a key in quotes");
    if (!check_string(c, &key) || !push_key(c, key)) return false;
    skip_blanks(c);
    if (c->p == c->end || *c->p != ':') return expected(c, "':'");
    c->p++;
    return check_value(c);
}

/* An array or object, whose items `check_item` checks. */
static bool check_items(checker *c, char closing, bool (*check_item)(checker *)) {
    size_t first_key = c->n_keys;
    if (--c->depth < 0) return complain_at(c, c->p, "nesting over the limit");
    c->p++;
    skip_blanks(c);
    bool empty = c->p < c->end && *c->p == closing;
    while (!empty) {
        if (!check_item(c)) return false;
        skip_blanks(c);
        if (c->p < c->end && *c->p == closing) break;
        if (c->p == c->end || *c->p != ',') return expected(c, closing == '}' ? "',' or '}'" : "',' or ']'");
        c->p++;
    }
    c->p++;
    c->depth++;
    return closing == ']' || check_keys(c, first_key);
}

static bool check_word(checker *c, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0) return expected(c, "a value");
    c->p += n;
    return true;
}

static bool check_value(checker *c) {
    fm_json string;
    skip_blanks(c);
    if (c->p == c->end) return expected(c, "a value");
    switch (*c->p) {
    case '{':
        return check_items(c, '}', check_member);
    case '[':
        return check_items(c, ']', check_value);
    case '"':
        return check_string(c, &string);
    case 't':
        return check_word(c, "true");
    case 'f':
        return check_word(c, "false");
    case 'n':
        return check_word(c, "null");
    default:
        break;
    }
    if (*c->p == '-' || (*c->p >= '0' && *c->p <= '9')) return check_number(c);
    return expected(c, "a value");
}

bool fm_json_check(const char *text, size_t size, int depth, fm_json_problem *problem) {
    checker c = {.start = text, .p = text, .end = text + size, .depth = depth, .problem = problem};
    problem->first = SIZE_MAX;
    bool ok = check_value(&c);
    free(c.keys);
    if (!ok) return false;
    skip_blanks(&c);
    return c.p == c.end || complain_at(&c, c.p, "text after the end of the value");
}

static void locate(const char *text, size_t at, size_t *line, size_t *column) {
    *line = *column = 1;
    for (size_t i = 0; i < at; i++) {
        bool newline = text[i] == '\n';
        *line += newline;
        *column = newline ? 1 : *column + 1;
    }
}

bool fm_json_check_lines(const char *text, size_t size, int depth, fm_error *err) {
    const char *seems = fm_sniff((const uint8_t *)text, size);
    if (seems) return fm_fail(err, "line 1 col 1: %s", seems);
    fm_json_problem problem;
    if (fm_json_check(text, size, depth, &problem)) return true;
    size_t line, column, first_line, first_column;
    locate(text, problem.at, &line, &column);
    if (problem.first == SIZE_MAX) return fm_fail(err, "line %zu col %zu: %s", line, column, problem.says);
    locate(text, problem.first, &first_line, &first_column);
    return fm_fail(err, "line %zu col %zu: %s, first at line %zu", line, column, problem.says, first_line);
}

/* ---- the walk over a checked text ---- */

static const char *past_blanks(const char *p) {
    while (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r' || *p == ',' || *p == ':') p++;
    return p;
}

fm_json fm_json_take(fm_json_cursor *at) {
    const char *p = past_blanks(at->p), *q = p;
    fm_json v = {FM_JSON_NULL, p, 1};
    switch (*p) {
    case '{':
        v.kind = FM_JSON_OBJECT;
        break;
    case '[':
        v.kind = FM_JSON_ARRAY;
        break;
    case 'n':
        v.size = 4;
        break;
    case 't':
        v = (fm_json){FM_JSON_TRUE, p, 4};
        break;
    case 'f':
        v = (fm_json){FM_JSON_FALSE, p, 5};
        break;
    case '"':
        for (q = p + 1; *q != '"'; q++) q += *q == '\\';
        at->p = q + 1;
        return (fm_json){FM_JSON_STRING, p + 1, (size_t)(q - p - 1)};
    default:
        v.kind = FM_JSON_INTEGER;
        for (; q < at->end && ((*q >= '0' && *q <= '9') || *q == '-' || *q == '+' || *q == '.' || *q == 'e' || *q == 'E'); q++) {
            if (*q == '.' || *q == 'e' || *q == 'E') v.kind = FM_JSON_NUMBER;
        }
        v.size = (size_t)(q - p);
        if (v.size == 2 && p[0] == '-' && p[1] == '0') v.kind = FM_JSON_NUMBER; /* a whole number has no -0 */
    }
    at->p = p + v.size;
    return v;
}

bool fm_json_more(fm_json_cursor *at) {
    const char *p = past_blanks(at->p);
    bool more = *p != ']' && *p != '}';
    at->p = p + !more;
    return more;
}

void fm_json_skip(fm_json_cursor *at, fm_json taken) {
    int open = taken.kind == FM_JSON_ARRAY || taken.kind == FM_JSON_OBJECT;
    while (open) {
        if (!fm_json_more(at)) open--;
        else {
            fm_json v = fm_json_take(at);
            open += v.kind == FM_JSON_ARRAY || v.kind == FM_JSON_OBJECT;
        }
    }
}

int64_t fm_json_integer(fm_json v) {
    int64_t value = 0;
    parse_int64(v.text, v.text + v.size, &value);
    return value;
}

double fm_json_number(fm_json v) {
    double value = 0;
    fm_number_parse(v.text, v.size, &value);
    return value;
}

/* ---- writing ---- */

static size_t put_unit(unsigned unit, char *to) {
    static const char digits[] = "0123456789abcdef";
    to[0] = '\\';
    to[1] = 'u';
    for (int k = 0; k < 4; k++) to[2 + k] = digits[unit >> (12 - 4 * k) & 15];
    return 6;
}

static size_t put_escape(uint32_t code, char *to) {
    if (code < 0x10000) return put_unit(code, to);
    size_t n = put_unit(0xD800 + ((code - 0x10000) >> 10), to); /* a pair of surrogates */
    return n + put_unit(0xDC00 + (code & 0x3FF), to + n);
}

size_t fm_json_quote(const char *text, size_t size, char *to) {
    static const char short_escapes[] = "btn?fr";
    size_t n = 0;
    to[n++] = '"';
    for (size_t i = 0; i < size;) {
        const uint8_t *p = (const uint8_t *)text + i;
        uint8_t c = *p;
        size_t length = fm_utf8(p, size - i);
        if (length == 0) {
            n += put_utf8(0xFFFD, to + n);
            i++;
            continue;
        }
        if (c == '"' || c == '\\' || (c >= '\b' && c <= '\r' && c != '\v')) {
            to[n++] = '\\';
            to[n++] = c == '"' || c == '\\' ? (char)c : short_escapes[c - '\b'];
        } else if (fm_unprintable(p, length)) { /* a file may be looked at on a terminal, too */
            n += put_escape(fm_code_point(p, length), to + n);
        } else {
            memcpy(to + n, p, length);
            n += length;
        }
        i += length;
    }
    to[n++] = '"';
    return n;
}

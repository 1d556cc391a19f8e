#include "safetensors.h"

#include "atomic_file.h"
#include "bytes.h"
#include "element.h"
#include "json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, HEADER_DEPTH = 4 };

/* One tensor as the header describes it. */
typedef struct entry {
    fm_json name;
    const fm_element *element;
    int rank;
    size_t shape[FM_MAX_RANK];
    size_t count;
    uint64_t begin, end; /* bytes, from the end of the header */
    size_t place;        /* in the order of the header */
} entry;

typedef struct parser {
    const uint8_t *bytes;
    size_t size, data; /* data: where the numbers begin */
    fm_json_cursor at; /* in the header, which has been checked to be JSON */
    size_t n, n_metadata;
    entry *entries;
    fm_safetensors *out;
    fm_error *err;
} parser;

static bool fail(parser *p, const char *where, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool fail(parser *p, const char *where, const char *format, ...) {
    char text[sizeof p->err->text];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fm_fail_at(p->err, "safetensors", (size_t)(where - (const char *)p->bytes), "%s", text);
}

/* The same, about one tensor. */
static bool fail_entry(parser *p, const entry *e, const char *format, ...) __attribute__((format(printf, 3, 4)));
static bool fail_entry(parser *p, const entry *e, const char *format, ...) {
    char text[sizeof p->err->text], name[FM_QUOTE_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fail(p, e->name.text, "tensor %s: %s", fm_quote(e->name.text, e->name.size, name), text);
}

/* ---- the header's frame ---- */

static bool check_header(parser *p) {
    if (p->size < LENGTH_BYTES) {
        return fail(p, (const char *)p->bytes, "too short for the header length (expected 8 bytes or more, found %zu)", p->size);
    }
    uint64_t length = fm_load_little(p->bytes, LENGTH_BYTES);
    if (length > p->size - LENGTH_BYTES || length > FM_SAFETENSORS_HEADER) {
        const char *seems = fm_sniff(p->bytes, p->size);
        if (seems) return fail(p, (const char *)p->bytes, "not a safetensors file: it %s", seems);
    }
    if (length > FM_SAFETENSORS_HEADER) {
        return fail(p, (const char *)p->bytes, "header length %llu is over the limit %d", (unsigned long long)length,
                    FM_SAFETENSORS_HEADER);
    }
    if (length > p->size - LENGTH_BYTES) {
        return fail(p, (const char *)p->bytes, "header length %llu exceeds the file (%zu bytes)", (unsigned long long)length, p->size);
    }
    p->data = LENGTH_BYTES + (size_t)length;
    const char *header = (const char *)p->bytes + LENGTH_BYTES;
    p->at = (fm_json_cursor){header, header + length};
    fm_json_problem problem;
    if (!fm_json_check(header, (size_t)length, HEADER_DEPTH, &problem)) {
        if (problem.first == SIZE_MAX) return fail(p, header + problem.at, "header: %s", problem.says);
        return fail(p, header + problem.at, "header: %s, first at byte %zu", problem.says, problem.first + LENGTH_BYTES);
    }
    return fm_json_take(&p->at).kind == FM_JSON_OBJECT || fail(p, header, "header is not a JSON object");
}

/* ---- one entry ---- */

static bool take_dtype(parser *p, entry *e, fm_json v) {
    static const char *const others[] = {"F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F6_E2M3", "F6_E3M2", "F4", "C64"};
    if (v.kind != FM_JSON_STRING) return fail_entry(p, e, "dtype must be a string");
    for (e->element = fm_elements; e->element->name; e->element++) {
        if (fm_json_equals(v, e->element->name)) return true;
    }
    char shown[FM_QUOTE_TEXT];
    fm_quote(v.text, v.size, shown);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (fm_json_equals(v, others[i])) return fail_entry(p, e, "dtype %s is valid but not supported here", others[i]);
    }
    return fail_entry(p, e, "unknown dtype %s", shown);
}

static bool take_size(fm_json v, uint64_t *size) {
    int64_t n = v.kind == FM_JSON_INTEGER ? fm_json_integer(v) : -1;
    *size = (uint64_t)n;
    return n >= 0;
}

static bool take_shape(parser *p, entry *e, fm_json v) {
    if (v.kind != FM_JSON_ARRAY) return fail_entry(p, e, "shape must be an array");
    int rank = 0;
    for (; fm_json_more(&p->at); rank++) {
        fm_json item = fm_json_take(&p->at);
        uint64_t size;
        if (!take_size(item, &size)) return fail_entry(p, e, "shape[%d] is not a whole number in 0..2^63-1", rank);
        if (rank < FM_MAX_RANK) e->shape[rank] = (size_t)size;
    }
    if (rank > FM_MAX_RANK) return fail_entry(p, e, "rank %d is over the limit %d", rank, FM_MAX_RANK);
    e->rank = rank;
    return true;
}

static bool take_offsets(parser *p, entry *e, fm_json v) {
    uint64_t pair[2] = {0, 0};
    if (v.kind != FM_JSON_ARRAY) return fail_entry(p, e, "data_offsets must be an array");
    int n = 0;
    for (; fm_json_more(&p->at); n++) {
        fm_json item = fm_json_take(&p->at);
        uint64_t size;
        if (!take_size(item, &size)) return fail_entry(p, e, "data_offsets[%d] is not a whole number in 0..2^63-1", n);
        if (n < 2) pair[n] = size;
    }
    if (n != 2) return fail_entry(p, e, "data_offsets has %d numbers (expected 2)", n);
    e->begin = pair[0];
    e->end = pair[1];
    return true;
}

/* The shape wants as many bytes as lie between the offsets. A size of 0 must not hide an
 * overflow. */
static bool check_sizes(parser *p, entry *e) {
    uint64_t product = 1;
    bool empty = false;
    for (int i = 0; i < e->rank; i++) {
        if (!e->shape[i]) empty = true;
        else if (__builtin_mul_overflow(product, e->shape[i], &product)) return fail_entry(p, e, "shape product overflows");
    }
    uint64_t need;
    if (__builtin_mul_overflow(product, e->element->size * 8, &need)) return fail_entry(p, e, "shape product overflows");
    e->count = empty ? 0 : (size_t)product;
    need = e->count * e->element->size;
    unsigned long long begin = e->begin, end = e->end;
    if (begin > end) return fail_entry(p, e, "data_offsets [%llu,%llu]: the end comes first", begin, end);
    if (end > p->size - p->data)
        return fail_entry(p, e, "data_offsets [%llu,%llu]: past the end (expected %zu at most)", begin, end, p->size - p->data);
    if (end - begin != need) {
        return fail_entry(p, e, "data_offsets [%llu,%llu]: wrong size (expected %llu bytes for %zu x %s, found %llu)", begin, end,
                          (unsigned long long)need, e->count, e->element->name, end - begin);
    }
    return true;
}

static bool take_entry(parser *p, entry *e) {
    fm_json v = fm_json_take(&p->at);
    if (v.kind != FM_JSON_OBJECT) return fail_entry(p, e, "must be an object");
    bool shape = false, offsets = false;
    while (fm_json_more(&p->at)) {
        fm_json key = fm_json_take(&p->at), field = fm_json_take(&p->at);
        bool ok = true;
        if (fm_json_equals(key, "dtype")) ok = take_dtype(p, e, field);
        else if (fm_json_equals(key, "shape")) ok = shape = take_shape(p, e, field);
        else if (fm_json_equals(key, "data_offsets")) ok = offsets = take_offsets(p, e, field);
        else fm_json_skip(&p->at, field); /* the format allows more fields */
        if (!ok) return false;
    }
    if (!e->element) return fail_entry(p, e, "missing \"dtype\"");
    if (!shape) return fail_entry(p, e, "missing \"shape\"");
    if (!offsets) return fail_entry(p, e, "missing \"data_offsets\"");
    return check_sizes(p, e);
}

/* ---- all entries ---- */

/* Counts what must be allocated: tensors, pairs of metadata. */
static bool count_entries(parser *p) {
    fm_json_cursor start = p->at;
    while (fm_json_more(&p->at)) {
        fm_json key = fm_json_take(&p->at), value = fm_json_take(&p->at);
        if (!fm_json_equals(key, "__metadata__")) {
            p->n++;
            fm_json_skip(&p->at, value);
            continue;
        }
        if (value.kind == FM_JSON_NULL) continue; /* as the reference reader has it: none */
        if (value.kind != FM_JSON_OBJECT) return fail(p, value.text, "__metadata__ must be an object");
        while (fm_json_more(&p->at)) {
            fm_json name = fm_json_take(&p->at), text = fm_json_take(&p->at);
            char shown[FM_QUOTE_TEXT];
            if (text.kind != FM_JSON_STRING) {
                return fail(p, name.text, "__metadata__ %s: value must be a string", fm_quote(name.text, name.size, shown));
            }
            p->n_metadata++;
        }
    }
    p->at = start;
    return true;
}

static fm_text keep_text(char **room, fm_json v) {
    fm_text t = {*room, fm_json_string(v, *room)};
    *room += t.size;
    return t;
}

static bool take_entries(parser *p) {
    fm_safetensors *out = p->out;
    out->tensors = calloc(p->n + 1, sizeof *out->tensors);
    out->metadata = calloc(p->n_metadata + 1, sizeof *out->metadata);
    out->texts = malloc(p->data); /* texts become no longer when decoded */
    p->entries = calloc(p->n + 1, sizeof *p->entries);
    if (!out->tensors || !out->metadata || !out->texts || !p->entries)
        return fm_fail(p->err, "safetensors: no memory for %zu entries", p->n);
    char *room = out->texts;
    size_t i = 0;
    while (fm_json_more(&p->at)) {
        fm_json key = fm_json_take(&p->at);
        if (fm_json_equals(key, "__metadata__")) {
            if (fm_json_take(&p->at).kind == FM_JSON_NULL) continue;
            for (; fm_json_more(&p->at); out->n_metadata++) {
                out->metadata[out->n_metadata].key = keep_text(&room, fm_json_take(&p->at));
                out->metadata[out->n_metadata].value = keep_text(&room, fm_json_take(&p->at));
            }
            continue;
        }
        entry *e = &p->entries[i];
        e->name = key;
        e->place = i;
        out->tensors[i++].name = keep_text(&room, key);
        if (!take_entry(p, e)) return false;
    }
    return true;
}

static int by_offset(const void *a, const void *b) {
    const entry *x = a, *y = b;
    if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

/* Every byte belongs to one tensor: nothing can hide between them or behind them. */
static bool check_cover(parser *p) {
    qsort(p->entries, p->n, sizeof *p->entries, by_offset);
    uint64_t covered = 0;
    for (size_t i = 0; i < p->n; i++) {
        const entry *e = &p->entries[i];
        unsigned long long begin = e->begin, end = e->end;
        if (e->begin < covered) {
            char other[FM_QUOTE_TEXT];
            fm_quote(e[-1].name.text, e[-1].name.size, other);
            return fail_entry(p, e, "data_offsets [%llu,%llu]: overlaps %s", begin, end, other);
        }
        if (e->begin > covered) {
            return fail_entry(p, e, "data_offsets [%llu,%llu]: hole of %llu bytes before it", begin, end,
                              begin - (unsigned long long)covered);
        }
        covered = e->end;
    }
    size_t rest = p->size - p->data - (size_t)covered;
    return rest == 0 || fail(p, (const char *)p->bytes + p->data + covered, "%zu bytes after the last tensor (expected 0)", rest);
}

static bool read_tensors(parser *p) {
    for (size_t i = 0; i < p->n; i++) {
        const entry *e = &p->entries[i];
        fm_tensor *t = fm_tensor_new(e->rank, e->shape, p->err);
        if (!t) return false;
        p->out->tensors[e->place].tensor = t;
        p->out->n = p->n;
        const uint8_t *from = p->bytes + p->data + e->begin;
        size_t done = fm_element_decode(e->element, FM_LITTLE_ENDIAN, e->count, from, fm_data(t));
        if (done == e->count) continue;
        char text[FM_ELEMENT_TEXT];
        return fail_entry(p, e, "%s", fm_element_refused(e->element, FM_LITTLE_ENDIAN, from + done * e->element->size, done + 1, text));
    }
    return true;
}

bool fm_safetensors_parse(const uint8_t *bytes, size_t size, fm_safetensors *out, fm_error *err) {
    *out = (fm_safetensors){0};
    parser p = {.bytes = bytes, .size = size, .out = out, .err = err};
    bool ok = check_header(&p) && count_entries(&p) && take_entries(&p) && check_cover(&p) && read_tensors(&p);
    free(p.entries);
    if (!ok) {
        out->n = out->tensors ? p.n : 0; /* those that are there already */
        fm_safetensors_release(out);
    }
    return ok;
}

bool fm_safetensors_load(const char *path, fm_safetensors *out, fm_error *err) {
    fm_file file;
    *out = (fm_safetensors){0};
    if (!fm_file_read(path, &file, err)) return false;
    bool ok = fm_safetensors_parse(file.bytes, file.size, out, err);
    fm_file_release(&file);
    return ok || fm_fail_in(err, path);
}

void fm_safetensors_release(fm_safetensors *s) {
    for (size_t i = 0; i < s->n; i++) fm_tensor_release(s->tensors[i].tensor);
    free(s->tensors);
    free(s->metadata);
    free(s->texts);
    *s = (fm_safetensors){0};
}

/* ---- writing ---- */

static int compare_texts(fm_text a, fm_text b) {
    size_t n = a.size < b.size ? a.size : b.size;
    int order = n ? memcmp(a.at, b.at, n) : 0;
    return order ? order : (a.size > b.size) - (a.size < b.size);
}

static int by_name(const void *a, const void *b) {
    return compare_texts(((const fm_named_tensor *)a)->name, ((const fm_named_tensor *)b)->name);
}

static int by_pair_key(const void *a, const void *b) {
    return compare_texts(((const fm_text_pair *)a)->key, ((const fm_text_pair *)b)->key);
}

static bool check_text(fm_text t, const char *what, fm_error *err) {
    char shown[FM_QUOTE_TEXT];
    return fm_utf8_all(t.at, t.size) || fm_fail(err, "safetensors: %s %s is not UTF-8", what, fm_quote(t.at, t.size, shown));
}

static bool check_names(const fm_safetensors *s, fm_error *err) {
    static const fm_text reserved = {"__metadata__", 12};
    char shown[FM_QUOTE_TEXT];
    for (size_t i = 0; i < s->n; i++) {
        fm_text name = s->tensors[i].name;
        if (!check_text(name, "name", err)) return false;
        if (!compare_texts(name, reserved)) return fm_fail(err, "safetensors: the name \"__metadata__\" is the format's own");
        if (i && !compare_texts(name, s->tensors[i - 1].name)) {
            return fm_fail(err, "safetensors: the name %s is there twice", fm_quote(name.at, name.size, shown));
        }
    }
    for (size_t i = 0; i < s->n_metadata; i++) {
        if (!check_text(s->metadata[i].key, "metadata key", err) || !check_text(s->metadata[i].value, "metadata value", err)) return false;
    }
    return true;
}

enum { PER_TENSOR = 160, PER_AXIS = 24, PER_TEXT = 16 };

static size_t header_room(const fm_safetensors *s) {
    size_t n = 64;
    for (size_t i = 0; i < s->n; i++) n += 6 * s->tensors[i].name.size + PER_TENSOR + PER_AXIS * (size_t)s->tensors[i].tensor->rank;
    for (size_t i = 0; i < s->n_metadata; i++) n += 6 * (s->metadata[i].key.size + s->metadata[i].value.size) + PER_TEXT;
    return n;
}

static size_t put(char *to, const char *text) {
    size_t n = strlen(text);
    memcpy(to, text, n);
    return n;
}

/* The header, its length before it and blanks after it, which align the numbers. Returns its
 * bytes. */
static size_t make_header(const fm_safetensors *s, char *to) {
    size_t n = LENGTH_BYTES, bytes = 0;
    n += put(to + n, "{");
    if (s->n_metadata) n += put(to + n, "\"__metadata__\":{");
    for (size_t i = 0; i < s->n_metadata; i++) {
        if (i) to[n++] = ',';
        n += fm_json_quote(s->metadata[i].key.at, s->metadata[i].key.size, to + n);
        to[n++] = ':';
        n += fm_json_quote(s->metadata[i].value.at, s->metadata[i].value.size, to + n);
    }
    if (s->n_metadata) n += put(to + n, s->n ? "}," : "}");
    for (size_t i = 0; i < s->n; i++) {
        const fm_tensor *t = s->tensors[i].tensor;
        if (i) to[n++] = ',';
        n += fm_json_quote(s->tensors[i].name.at, s->tensors[i].name.size, to + n);
        n += (size_t)snprintf(to + n, PER_TENSOR, ":{\"dtype\":\"%s\",\"shape\":[", fm_element_real()->name);
        for (int k = 0; k < t->rank; k++) n += (size_t)snprintf(to + n, PER_AXIS, "%s%zu", k ? "," : "", t->shape[k]);
        n += (size_t)snprintf(to + n, PER_TENSOR, "],\"data_offsets\":[%zu,%zu]}", bytes, bytes + t->count * sizeof(real));
        bytes += t->count * sizeof(real);
    }
    n += put(to + n, "}");
    while (n % 8) to[n++] = ' ';
    for (size_t i = 0; i < LENGTH_BYTES; i++) to[i] = (char)((n - LENGTH_BYTES) >> (8 * i) & 0xFF);
    return n;
}

static bool write_sorted(const char *path, const fm_safetensors *s, fm_error *err) {
    char *header = malloc(header_room(s));
    if (!header) {
        fm_fail(err, "safetensors: no memory for the header");
        return fm_fail_in(err, path);
    }
    size_t n = make_header(s, header);
    fm_writer *w = NULL;
    if (n - LENGTH_BYTES > FM_SAFETENSORS_HEADER) {
        fm_fail(err, "safetensors: the header would be %zu bytes, over the limit %d", n - LENGTH_BYTES, FM_SAFETENSORS_HEADER);
        fm_fail_in(err, path);
    } else {
        w = fm_writer_open(path, err);
    }
    bool ok = w && fm_writer_put(w, header, n, err);
    for (size_t i = 0; ok && i < s->n; i++) {
        const fm_tensor *t = s->tensors[i].tensor;
        ok = fm_writer_put(w, fm_data(t), t->count * sizeof(real), err);
    }
    free(header);
    if (ok) return fm_writer_close(w, err);
    fm_writer_abandon(w);
    return false;
}

bool fm_safetensors_save(const char *path, const fm_safetensors *what, fm_error *err) {
    fm_safetensors s = *what;
    s.tensors = malloc((s.n + 1) * sizeof *s.tensors);
    s.metadata = malloc((s.n_metadata + 1) * sizeof *s.metadata);
    bool ok = s.tensors && s.metadata;
    if (ok) {
        if (s.n) memcpy(s.tensors, what->tensors, s.n * sizeof *s.tensors);
        if (s.n_metadata) memcpy(s.metadata, what->metadata, s.n_metadata * sizeof *s.metadata);
        qsort(s.tensors, s.n, sizeof *s.tensors, by_name);
        qsort(s.metadata, s.n_metadata, sizeof *s.metadata, by_pair_key);
        ok = check_names(&s, err) ? write_sorted(path, &s, err) : fm_fail_in(err, path);
    } else {
        fm_fail(err, "safetensors: no memory to sort %zu names", s.n);
        fm_fail_in(err, path);
    }
    free(s.tensors);
    free(s.metadata);
    return ok;
}

#include "idx.h"

#include "atomic_file.h"
#include "bytes.h"
#include "element.h"
#include "gzip.h"

#include <stdlib.h>

enum { MAX_HEADER = 4 + 4 * FM_MAX_RANK };

typedef struct header {
    const fm_element *element;
    int rank;
    size_t shape[FM_MAX_RANK];
    size_t size, count; /* bytes of the header; numbers behind it */
} header;

static const fm_element *element_of(int code) {
    static const struct {
        int code;
        const char *name;
    } types[] = {{0x08, "U8"}, {0x09, "I8"}, {0x0B, "I16"}, {0x0C, "I32"}, {0x0D, "F32"}, {0x0E, "F64"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i].code == code) return fm_element_named(types[i].name);
    }
    return NULL;
}

static bool parse_header(const uint8_t *b, size_t size, header *h, fm_error *err) {
    *h = (header){0};
    if (size < 4) return fm_fail_at(err, "idx", size, "header is cut (expected 4 bytes or more, found %zu)", size);
    if (b[0] || b[1]) {
        const char *seems = fm_sniff(b, size);
        if (!b[2] && !b[3]) seems = "looks byte-swapped";
        return fm_fail_at(err, "idx", 0, "bad magic (expected 00 00, found %02x %02x)%s%s", b[0], b[1], seems ? ": it " : "",
                          seems ? seems : "");
    }
    h->element = element_of(b[2]);
    h->rank = b[3];
    if (!h->element) return fm_fail_at(err, "idx", 2, "unknown element type 0x%02X", b[2]);
    if (h->rank < 1 || h->rank > FM_MAX_RANK) return fm_fail_at(err, "idx", 3, "rank %d is not in 1..%d", h->rank, FM_MAX_RANK);
    h->size = 4 + 4 * (size_t)h->rank;
    if (size < h->size) return fm_fail_at(err, "idx", size, "header is cut (expected %zu bytes, found %zu)", h->size, size);
    uint64_t product = 1;
    for (int i = 0; i < h->rank; i++) {
        h->shape[i] = (size_t)fm_load_big(b + 4 + 4 * i, 4);
        if (!h->shape[i]) return fm_fail_at(err, "idx", 4 + 4 * (size_t)i, "empty dimension %d", i + 1);
        if (__builtin_mul_overflow(product, h->shape[i], &product) || product > SIZE_MAX / 16) {
            return fm_fail_at(err, "idx", 4 + 4 * (size_t)i, "the dimensions overflow");
        }
    }
    h->count = (size_t)product;
    return true;
}

static bool parse_plain(const uint8_t *bytes, size_t size, fm_tensor **out, fm_error *err) {
    header h;
    if (!parse_header(bytes, size, &h, err)) return false;
    size_t need = h.count * h.element->size;
    if (need != size - h.size) {
        return fm_fail_at(err, "idx", h.size, "wrong size of the data (expected %zu bytes, found %zu)", need, size - h.size);
    }
    *out = fm_tensor_new(h.rank, h.shape, err);
    if (!*out) return false;
    size_t done = fm_element_decode(h.element, FM_BIG_ENDIAN, h.count, bytes + h.size, fm_data(*out));
    if (done == h.count) return true;
    char text[FM_ELEMENT_TEXT];
    size_t at = h.size + done * h.element->size;
    fm_tensor_release(*out);
    *out = NULL;
    return fm_fail_at(err, "idx", at, "%s", fm_element_refused(h.element, FM_BIG_ENDIAN, bytes + at, done + 1, text));
}

/* The header inside says how long the content must be; memory for it is taken after that check. */
static bool parse_gzip(const uint8_t *bytes, size_t size, fm_tensor **out, fm_error *err) {
    uint8_t head[MAX_HEADER] = {0};
    size_t n = sizeof head;
    header h;
    if (!fm_gzip_head(bytes, size, head, &n, err) || !parse_header(head, n, &h, err)) return false;
    size_t need = h.size + h.count * h.element->size;
    if (need > fm_gzip_most(size)) return fm_fail(err, "idx: %zu bytes cannot come from a gzip file of %zu bytes", need, size);
    uint8_t *content = malloc(need);
    if (!content) return fm_fail(err, "idx: no memory for %zu bytes", need);
    bool ok = fm_gzip_all(bytes, size, content, need, err) && parse_plain(content, need, out, err);
    free(content);
    return ok;
}

bool fm_idx_parse(const uint8_t *bytes, size_t size, fm_tensor **out, fm_error *err) {
    *out = NULL;
    return fm_gzip_is(bytes, size) ? parse_gzip(bytes, size, out, err) : parse_plain(bytes, size, out, err);
}

bool fm_idx_load(const char *path, fm_tensor **out, fm_error *err) {
    fm_file file;
    if (!fm_file_read(path, &file, err)) return false;
    bool ok = fm_idx_parse(file.bytes, file.size, out, err);
    fm_file_release(&file);
    return ok || fm_fail_in(err, path);
}

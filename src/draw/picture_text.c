/* Text as strokes: each letter's lines and curves go through fm_picture_cover, and the whole text
 * is painted once. */
#include "bytes.h"
#include "font_more.h"
#include "picture.h"

#include <string.h>

enum { CURVE_PIECES = 6, STROKE_POINTS = 16 };

static const double step_of_size = 0.06, thickness_of_size = 0.105;

/* A letter, and the accent that is drawn over it or below. */
typedef struct sign {
    const struct fm_letter *letter;
    const struct fm_accent *accent; /* or NULL */
    bool tall;
} sign;

static const struct fm_letter dotless_i = {0, "/aeam"}, dotless_j = {2, "~cecicqaq"};

static sign plain(const struct fm_letter *letter) {
    return (sign){letter, NULL, false};
}

static sign accented(char base, char accent) {
    sign s = plain(&fm_letters[base - FM_FONT_FIRST]);
    s.tall = (base >= 'A' && base <= 'Z') || strchr("bdfhklt", base);
    for (size_t i = 0; i < sizeof fm_accents / sizeof *fm_accents; i++)
        if (fm_accents[i].sign == accent) s.accent = &fm_accents[i];
    if (s.accent && !s.accent->below && base == 'i') s.letter = &dotless_i;
    if (s.accent && !s.accent->below && base == 'j') s.letter = &dotless_j;
    return s;
}

static sign beyond_ascii(uint32_t code) {
    if (code >= 0x218 && code <= 0x21B) code = code - 0x218 + (code < 0x21A ? 0x15E : 0x160); /* Romanian: as with a cedilla */
    const char *pair = code >= FM_ACCENTED_FIRST && code <= FM_ACCENTED_LAST ? fm_accented[code - FM_ACCENTED_FIRST] : "";
    if (*pair) return accented(pair[0], pair[1]);
    for (size_t i = 0; i < sizeof fm_whole / sizeof *fm_whole; i++)
        if (fm_whole[i].code == code) return plain(&fm_whole[i].shape);
    return plain(&fm_letter_unknown);
}

/* What stands at `at`, and how many bytes it takes. */
static sign sign_at(const char *at, size_t left, size_t *bytes) {
    unsigned char c = (unsigned char)*at;
    *bytes = 1;
    if (c >= FM_FONT_FIRST && c <= FM_FONT_LAST) return plain(&fm_letters[c - FM_FONT_FIRST]);
    size_t wide = c < 0x80 ? 0 : fm_utf8((const uint8_t *)at, left);
    if (!wide) return plain(&fm_letter_unknown);
    *bytes = wide;
    return beyond_ascii(fm_code_point((const uint8_t *)at, wide));
}

/* Whole pixels, so that every letter meets the grid in the same way. */
static double advance(const struct fm_letter *l, double size) {
    return round((l->width + FM_FONT_GAP) * step_of_size * size);
}

double fm_text_width(const char *text, size_t bytes, double size) {
    double width = 0;
    for (size_t i = 0, taken; i < bytes; i += taken) width += advance(sign_at(text + i, bytes - i, &taken).letter, size);
    return bytes ? width - FM_FONT_GAP * step_of_size * size : 0;
}

typedef struct pen {
    fm_picture *picture;
    double origin[2]; /* where the baseline of the letter begins */
    double step, width;
    bool upwards;
    fm_box touched;
} pen;

static void draw_piece(pen *n, const double from[2], const double to[2]) {
    double ends[2][2];
    for (int k = 0; k < 2; k++) {
        double x = (k ? to : from)[0] * n->step, y = ((k ? to : from)[1] - 12) * n->step;
        ends[k][0] = n->origin[0] + (n->upwards ? y : x);
        ends[k][1] = n->origin[1] + (n->upwards ? -x : y);
    }
    fm_picture_cover(n->picture, ends[0], ends[1], n->width, &n->touched);
}

static void draw_bend(pen *n, const double from[2], const double pull[2], const double to[2]) {
    double last[2] = {from[0], from[1]};
    for (int i = 1; i <= CURVE_PIECES; i++) {
        double s = (double)i / CURVE_PIECES, next[2];
        for (int k = 0; k < 2; k++) next[k] = (1 - s) * (1 - s) * from[k] + 2 * s * (1 - s) * pull[k] + s * s * to[k];
        draw_piece(n, last, next);
        memcpy(last, next, sizeof last);
    }
}

static void middle(const double a[2], const double b[2], double m[2]) {
    m[0] = (a[0] + b[0]) / 2;
    m[1] = (a[1] + b[1]) / 2;
}

static void draw_stroke(pen *n, char kind, int points, double (*at)[2]) {
    if (kind == '/') {
        for (int i = 1; i < points; i++) draw_piece(n, at[i - 1], at[i]);
    } else if (kind == '@') {
        for (int i = 0; i < points; i++) {
            double from[2], to[2];
            middle(at[(i + points - 1) % points], at[i], from);
            middle(at[i], at[(i + 1) % points], to);
            draw_bend(n, from, at[i], to);
        }
    } else {
        double from[2] = {at[0][0], at[0][1]}, to[2];
        for (int i = 1; i + 1 < points; i++) {
            if (i + 2 < points) middle(at[i], at[i + 1], to);
            else memcpy(to, at[i + 1], sizeof to);
            draw_bend(n, from, at[i], to);
            memcpy(from, to, sizeof from);
        }
    }
}

static void draw_letter(pen *n, const char *strokes) {
    double at[STROKE_POINTS][2];
    while (*strokes) {
        char kind = *strokes++;
        int points = 0;
        for (; *strokes && *strokes != ' ' && points < STROKE_POINTS; strokes += 2, points++) {
            at[points][0] = strokes[0] - 'a';
            at[points][1] = strokes[1] - 'a';
        }
        draw_stroke(n, kind, points, at);
        if (*strokes == ' ') strokes++;
    }
}

/* In the middle of the letter. */
static void draw_accent(pen *n, const sign *s) {
    double x = (s->letter->width - s->accent->shape.width) / 2.0 * n->step, y = s->tall && !s->accent->below ? -4 * n->step : 0;
    double before[2] = {n->origin[0], n->origin[1]};
    n->origin[0] += n->upwards ? y : x;
    n->origin[1] += n->upwards ? -x : y;
    draw_letter(n, s->accent->shape.strokes);
    memcpy(n->origin, before, sizeof before);
}

void fm_picture_text(fm_picture *p, double x, double y, const char *text, size_t bytes, const fm_lettering *how) {
    double before = how->anchor * fm_text_width(text, bytes, how->size);
    if (how->upwards) y += before;
    else x -= before;
    if (!isfinite(x) || !isfinite(y) || !(how->size > 0)) return;
    pen n = {.picture = p, .step = step_of_size * how->size, .width = thickness_of_size * how->size, .upwards = how->upwards};
    n.touched = (fm_box){p->width, p->height, 0, 0};
    n.origin[0] = floor(x) + 0.5; /* stems and the baseline in the middle of pixels: sharp */
    n.origin[1] = floor(y) + 0.5;
    for (size_t i = 0, taken; i < bytes; i += taken) {
        sign s = sign_at(text + i, bytes - i, &taken);
        draw_letter(&n, s.letter->strokes);
        if (s.accent) draw_accent(&n, &s);
        double step = advance(s.letter, how->size);
        n.origin[how->upwards ? 1 : 0] += how->upwards ? -step : step;
    }
    fm_picture_paint(p, &n.touched, how->paint);
}

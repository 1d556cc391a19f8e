/* JSON (RFC 8259), strict. A text is checked as a whole, then walked: the walk cannot fail, and
 * numbers keep all their digits. */
#ifndef FM_JSON_H
#define FM_JSON_H

#include "error.h"

#include <stddef.h>
#include <stdint.h>

enum { FM_JSON_DEPTH = 32 }; /* of configurations and run files */

typedef struct fm_json_problem {
    size_t at;    /* byte where it is */
    size_t first; /* of a duplicate key: byte of its first appearance; else SIZE_MAX */
    char says[384];
} fm_json_problem;

/* True when text[0, size) is one JSON value, nested at most `depth` deep, in UTF-8, without
 * duplicate keys in an object and with every number in range (whole numbers: int64; others: finite
 * double). */
bool fm_json_check(const char *text, size_t size, int depth, fm_json_problem *problem);
/* The same, with the problem as "line N col M: PROBLEM". */
bool fm_json_check_lines(const char *text, size_t size, int depth, fm_error *err);

typedef enum fm_json_kind {
    FM_JSON_NULL,
    FM_JSON_FALSE,
    FM_JSON_TRUE,
    FM_JSON_INTEGER,
    FM_JSON_NUMBER,
    FM_JSON_STRING,
    FM_JSON_ARRAY,
    FM_JSON_OBJECT
} fm_json_kind;

typedef struct fm_json {
    fm_json_kind kind;
    const char *text; /* of a string: within the quotes; borrowed from the checked text */
    size_t size;
} fm_json;

typedef struct fm_json_cursor { /* into a checked text; starts as {text, text + size} */
    const char *p, *end;
} fm_json_cursor;

/* Takes the value at the cursor. Of an array or object only the bracket is taken: while
 * (fm_json_more(at)) take its items; of an object each item is a key, a string, and then its
 * value. */
fm_json fm_json_take(fm_json_cursor *at);
bool fm_json_more(fm_json_cursor *at);                /* false at the end of the array or object, which is taken */
void fm_json_skip(fm_json_cursor *at, fm_json taken); /* takes the rest of an array or object just begun */

/* Decodes a string into `to`, which has room for v.size bytes; returns the length. */
size_t fm_json_string(fm_json v, char *to);
bool fm_json_equals(fm_json v, const char *name); /* a string that says `name` */
int64_t fm_json_integer(fm_json v);
double fm_json_number(fm_json v); /* of integers too */

/* Writes text as a JSON string with its quotes into `to`, which has room for 6 * size + 2 bytes;
 * returns the length. A byte that is not UTF-8 becomes U+FFFD. */
size_t fm_json_quote(const char *text, size_t size, char *to);

#endif

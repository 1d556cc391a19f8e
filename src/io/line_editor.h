/* Lines typed at a terminal, with editing, history and Tab, by libedit. The library is loaded
 * when an editor opens, so that only the prompt needs it. One editor at a time. */
#ifndef FM_LINE_EDITOR_H
#define FM_LINE_EDITOR_H

#include "error.h"

#include <stddef.h>

/* What Tab does: `insert` goes to the cursor, or `list`, some lines, is shown below the line;
 * either may be NULL. Both stay the caller's, until the next call. `line` has `size` bytes, the
 * cursor is before number `cursor`. */
typedef struct fm_completion {
    const char *insert, *list;
} fm_completion;
typedef fm_completion (*fm_complete_fn)(void *context, const char *line, size_t size, size_t cursor);

typedef enum fm_line_kind {
    FM_LINE,           /* with its line end */
    FM_LINE_CANCELLED, /* by Ctrl-C: the text is gone */
    FM_LINE_END        /* Ctrl-D on an empty line, or the terminal is gone */
} fm_line_kind;

typedef struct fm_line_editor fm_line_editor;

/* False with `err` filled when the library is not there, or the terminal is not one. `context`
 * is handed to `complete`. */
fm_line_editor *fm_line_editor_open(fm_complete_fn complete, void *context, fm_error *err);
void fm_line_editor_close(fm_line_editor *e); /* NULL is fine */
/* The editor owns the text until the next call. Between calls the terminal is as it was before. */
fm_line_kind fm_line_editor_read(fm_line_editor *e, const char *prompt, const char **text, size_t *size);
/* An entry of the history, the newest; of one line or several, without the last line's end. */
void fm_line_editor_remember(fm_line_editor *e, const char *entry);

#endif

#define _GNU_SOURCE /* newlocale */
#include "line_editor.h"

#include <stdbool.h>

#ifndef FM_EDIT_NAME

fm_line_editor *fm_line_editor_open(fm_complete_fn complete, void *context, fm_error *err) {
    (void)complete, (void)context;
    fm_fail(err, "fmrun was built without libedit");
    return NULL;
}
void fm_line_editor_close(fm_line_editor *e) {
    (void)e;
}
fm_line_kind fm_line_editor_read(fm_line_editor *e, const char *prompt, const char **text, size_t *size) {
    (void)e, (void)prompt, (void)text, (void)size;
    return FM_LINE_END;
}
void fm_line_editor_remember(fm_line_editor *e, const char *entry) {
    (void)e, (void)entry;
}

#else

#include <dlfcn.h>
#include <errno.h>
#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES = 2000 };

/* ---- the library ---- */

static struct library {
    __typeof__(el_init) *init;
    __typeof__(el_end) *end;
    __typeof__(el_set) *set;
    __typeof__(el_wset) *wide_set; /* el_set would never free copies of names */
    __typeof__(el_get) *get;
    __typeof__(el_gets) *gets;
    __typeof__(el_source) *source;
    __typeof__(el_resize) *resize;
    __typeof__(el_line) *line;
    __typeof__(el_cursor) *cursor;
    __typeof__(el_insertstr) *insert;
    __typeof__(el_push) *push;
    __typeof__(history_init) *history_init;
    __typeof__(history_end) *history_end;
    __typeof__(history) *history;
} edit;

static bool load(fm_error *err) {
    static const struct {
        const char *name;
        void *to;
    } wanted[] = {{"el_init", &edit.init},
                  {"el_end", &edit.end},
                  {"el_set", &edit.set},
                  {"el_wset", &edit.wide_set},
                  {"el_get", &edit.get},
                  {"el_gets", &edit.gets},
                  {"el_source", &edit.source},
                  {"el_resize", &edit.resize},
                  {"el_line", &edit.line},
                  {"el_cursor", &edit.cursor},
                  {"el_insertstr", &edit.insert},
                  {"el_push", &edit.push},
                  {"history_init", &edit.history_init},
                  {"history_end", &edit.history_end},
                  {"history", &edit.history}};
    if (edit.history) return true;
    void *library = dlopen(FM_EDIT_NAME, RTLD_NOW | RTLD_LOCAL);
    if (!library) library = dlopen(FM_EDIT_FILE, RTLD_NOW | RTLD_LOCAL);
    if (!library) return fm_fail(err, "libedit: %s", dlerror());
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        void *address = dlsym(library, wanted[i].name);
        if (!address) return fm_fail(err, "libedit has no %s", wanted[i].name);
        memcpy(wanted[i].to, &address, sizeof address);
    }
    return true;
}

/* ---- an editor ---- */

struct fm_line_editor {
    EditLine *el;
    History *history;
    fm_complete_fn complete;
    void *context;
    const char *prompt;
    bool cancelled;
    locale_t letters; /* bytes of the terminal's letters; the program's own locale stays C */
};

static fm_line_editor *editor_of(EditLine *el) {
    void *editor = NULL;
    edit.get(el, EL_CLIENTDATA, &editor);
    return editor;
}

static char *prompt_of(EditLine *el) {
    return (char *)(uintptr_t)editor_of(el)->prompt;
}

/* Ctrl-C: the line ends as it is, marked, and is not used. */
static unsigned char cancel(EditLine *el, int key) {
    (void)key;
    const LineInfo *line = edit.line(el);
    edit.cursor(el, (int)(line->lastchar - line->cursor));
    edit.insert(el, "^C");
    edit.push(el, "\n"); /* as if Enter were typed next */
    editor_of(el)->cancelled = true;
    return CC_REFRESH;
}

static unsigned char suspend(EditLine *el, int key) {
    (void)el, (void)key;
    raise(SIGTSTP); /* libedit's handler gives the terminal back meanwhile */
    return CC_REDISPLAY;
}

static unsigned char complete(EditLine *el, int key) {
    (void)key;
    fm_line_editor *e = editor_of(el);
    const LineInfo *line = edit.line(el);
    locale_t letters = uselocale(LC_GLOBAL_LOCALE);
    fm_completion c = e->complete(e->context, line->buffer, (size_t)(line->lastchar - line->buffer), (size_t)(line->cursor - line->buffer));
    uselocale(letters);
    if (c.insert && *c.insert) return edit.insert(el, c.insert) < 0 ? CC_ERROR : CC_REFRESH;
    if (!c.list) return CC_REFRESH_BEEP;
    printf("\n%s\n", c.list);
    fflush(stdout);
    return CC_REDISPLAY;
}

/* The letters of the user's locale; where that knows ASCII only, UTF-8. */
static locale_t terminal_letters(void) {
    locale_t letters = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (letters && strncmp(nl_langinfo_l(CODESET, letters), "ANSI", 4) != 0) return letters;
    locale_t wide = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (!wide) return letters;
    if (letters) freelocale(letters);
    return wide;
}

static void bind_keys(EditLine *el) {
    static const char *const keys[][2] = {{"^I", "fm-complete"},
                                          {"^C", "fm-cancel"},
                                          {"^Z", "fm-suspend"},
                                          {"^R", "em-inc-search-prev"},
                                          {"\\e[1;5C", "em-next-word"},
                                          {"\\e[1;5D", "ed-prev-word"},
                                          {"\\e[3~", "ed-delete-next-char"},
                                          {"\\e[1~", "ed-move-to-beg"},
                                          {"\\e[H", "ed-move-to-beg"},
                                          {"\\e[4~", "ed-move-to-end"},
                                          {"\\e[F", "ed-move-to-end"}};
    edit.wide_set(el, EL_ADDFN, L"fm-complete", L"completes the name before the cursor", complete);
    edit.wide_set(el, EL_ADDFN, L"fm-cancel", L"gives the line up", cancel);
    edit.wide_set(el, EL_ADDFN, L"fm-suspend", L"stops the program until it is called back", suspend);
    edit.set(el, EL_EDITOR, "emacs");
    edit.source(el, NULL); /* ~/.editrc */
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) edit.set(el, EL_BIND, keys[i][0], keys[i][1], NULL);
    edit.set(el, EL_SETTY, "-d", "-isig", NULL); /* Ctrl-C and Ctrl-Z are keys while a line is typed */
}

fm_line_editor *fm_line_editor_open(fm_complete_fn complete_line, void *context, fm_error *err) {
    if (!load(err)) return NULL;
    fm_line_editor *e = calloc(1, sizeof *e);
    if (!e) {
        fm_fail(err, "out of memory: no room for a line editor");
        return NULL;
    }
    e->complete = complete_line;
    e->context = context;
    e->letters = terminal_letters();
    locale_t before = e->letters ? uselocale(e->letters) : (locale_t)0;
    HistEvent event;
    e->el = edit.init("fmrun", stdin, stdout, stderr);
    e->history = edit.history_init();
    if (e->el && e->history) {
        edit.history(e->history, &event, H_SETSIZE, ENTRIES);
        edit.history(e->history, &event, H_SETUNIQUE, 1);
        edit.set(e->el, EL_CLIENTDATA, e);
        edit.set(e->el, EL_PROMPT, prompt_of);
        edit.set(e->el, EL_HIST, edit.history, e->history);
        edit.set(e->el, EL_SIGNAL, 1);
        bind_keys(e->el);
    }
    if (before) uselocale(before);
    if (e->el && e->history) return e;
    fm_fail(err, "libedit: this terminal cannot be used");
    fm_line_editor_close(e);
    return NULL;
}

void fm_line_editor_close(fm_line_editor *e) {
    if (!e) return;
    if (e->el) edit.end(e->el);
    if (e->history) edit.history_end(e->history);
    if (e->letters) freelocale(e->letters);
    free(e);
}

fm_line_kind fm_line_editor_read(fm_line_editor *e, const char *prompt, const char **text, size_t *size) {
    int count = 0;
    e->prompt = prompt;
    e->cancelled = false;
    locale_t before = e->letters ? uselocale(e->letters) : (locale_t)0;
    edit.resize(e->el);
    edit.set(e->el, EL_PREP_TERM, 1); /* else only after the prompt is printed: Ctrl-C is a key from the first moment */
    *text = edit.gets(e->el, &count);
    if (before) uselocale(before);
    if (e->cancelled || (count < 0 && errno == EINTR)) return FM_LINE_CANCELLED; /* a signal came, which did not end the program */
    if (!*text || count <= 0) return FM_LINE_END;
    *size = (size_t)count;
    return FM_LINE;
}

void fm_line_editor_remember(fm_line_editor *e, const char *entry) {
    HistEvent event;
    locale_t before = e->letters ? uselocale(e->letters) : (locale_t)0;
    edit.history(e->history, &event, H_ENTER, entry);
    if (before) uselocale(before);
}

#endif

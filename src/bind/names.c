/* Unknown names, and what they were probably meant to be. */
#include "bind.h"

#include <string.h>

/* Edits (insert, delete, replace, swap) between two short words. */
static size_t distance(const char *a, const char *b) {
    enum { LONGEST = 32 };
    size_t na = strlen(a), nb = strlen(b), row[3][LONGEST + 1];
    if (na > LONGEST || nb > LONGEST) return LONGEST;
    for (size_t j = 0; j <= nb; j++) row[1][j] = j;
    for (size_t i = 1; i <= na; i++) {
        size_t *now = row[(i + 1) % 3], *before = row[i % 3], *before2 = row[(i + 2) % 3];
        now[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);
            if (before[j] + 1 < best) best = before[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before2[j - 2] + 1 < best) best = before2[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[(na + 1) % 3][nb];
}

/* Whether letters are only swapped, given that one edit makes one word of the other. */
static bool swaps(const char *a, const char *b) {
    int difference = 0;
    while (*a && *b) difference += *a++ - *b++;
    return !*a && !*b && difference == 0;
}

/* Of names at the same distance, one with the word's first letter is more likely meant ("slu" is
 * not elu), then one with its letters ("rk54" is rk45, not rk4). */
static size_t rank(const char *word, const char *name, size_t edits) {
    return 4 * edits + (word[0] == name[0] ? 0 : 2) + (swaps(word, name) ? 0 : 1);
}

static const char *nearest_of(const char *word, const char *const *names) {
    const char *best = NULL;
    size_t limit = strlen(word) / 3 + 1, best_rank = 0;
    for (; *names; names++) {
        size_t edits = distance(word, *names);
        if (edits <= limit && (!best || rank(word, *names, edits) < best_rank)) {
            best = *names;
            best_rank = rank(word, best, edits);
        }
    }
    return best;
}

const char *bind_nearest_key(lua_State *L, int table, const char *word) {
    const char *best = NULL;
    size_t limit = strlen(word) / 3 + 1, best_rank = 0;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) continue;
        const char *name = lua_tostring(L, -2); /* the table keeps it alive */
        size_t edits = distance(word, name), its_rank = rank(word, name, edits);
        if (edits > limit || (best && its_rank > best_rank)) continue;
        if (best && its_rank == best_rank && strcmp(name, best) > 0) continue; /* a table has no fixed order */
        best = name;
        best_rank = its_rank;
    }
    return best;
}

void bind_suggest(lua_State *L, const char *function, const char *what, const char *word, const char *const *names) {
    const char *near = nearest_of(word, names);
    if (near) bind_error(L, "%s: unknown %s \"%s\"; did you mean \"%s\"?", function, what, word, near);
}

void bind_unknown(lua_State *L, const char *function, const char *what, const char *word, const char *const *names) {
    bind_suggest(L, function, what, word, names);
    bind_error(L, "%s: unknown %s \"%s\"", function, what, word);
}

int bind_unexpected_key(lua_State *L, int index, const char *function) {
    luaL_tolstring(L, index, NULL);
    bind_error(L, "%s: unexpected option [%s]", function, lua_tostring(L, -1));
}

void bind_check_keys(lua_State *L, int arg, const char *function, const char *const *names) {
    for (lua_pushnil(L); lua_next(L, arg); lua_pop(L, 1)) {
        const char *key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : NULL;
        bool known = false;
        for (const char *const *n = names; key && *n && !known; n++) known = !strcmp(key, *n);
        if (known) continue;
        if (!key) bind_unexpected_key(L, -2, function);
        bind_unknown(L, function, "option", key, names);
    }
}

int bind_nearest_of(lua_State *L) {
    const char *word = bind_check_text(L, 1, NULL);
    bind_check_table(L, 2);
    size_t n = lua_rawlen(L, 2);
    const char **names = lua_newuserdatauv(L, (n + 1) * sizeof *names, 0);
    for (size_t i = 0; i < n; i++) { /* the table keeps the strings alive: nothing is allocated from here on */
        lua_rawgeti(L, 2, (lua_Integer)i + 1);
        names[i] = bind_check_text(L, lua_gettop(L), NULL);
        lua_pop(L, 1);
    }
    names[n] = NULL;
    lua_pushstring(L, nearest_of(word, names));
    return 1;
}

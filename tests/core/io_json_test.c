/* JSON and decimal numbers: what is accepted, places of errors, exact values; against cJSON. */
#include "bytes.h"
#include "json.h"
#include "number.h"

#include <cjson/cJSON.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool check(const char *text, size_t size, fm_error *err) {
    char *copy = malloc(size ? size : 1); /* of exactly that size, so that a read beyond it is seen */
    memcpy(copy, text, size);
    err->text[0] = 0;
    bool ok = fm_json_check_lines(copy, size, FM_JSON_DEPTH, err);
    free(copy);
    return ok;
}

static void test_accepts(void **state) {
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "1",
        "-12.5e-3",
        "1E+2",
        "0.0",
        "1e-400",
        "9223372036854775807",
        "-9223372036854775808",
        "1e308",
        "true",
        " false ",
        "null",
        "\"\"",
        "\"a\"",
        "[]",
        "{}",
        "[ ]",
        "{ }",
        "[1,[2,[3]],{\"a\":[]}]",
        "{\"\":0,\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}]}",
        "\"\\u0000\\u00e9\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\xC3\xA9\xF0\x9F\x98\x80\x7F\"",
        "\r\n\t [1 , 2]\n",
        "\"\xEF\xBF\xBF\"",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        fm_error err;
        if (!check(texts[i], strlen(texts[i]), &err)) fail_msg("%s: %s", texts[i], err.text);
        cJSON *tree = cJSON_ParseWithOpts(texts[i], NULL, 1);
        if (!tree) fail_msg("cJSON refuses %s", texts[i]);
        cJSON_Delete(tree);
    }
}

static void test_rejects(void **state) {
    (void)state;
    static const struct {
        const char *text, *error;
    } rows[] = {
        {"", "line 1 col 1: the text ends (expected a value)"},
        {" ", "line 1 col 2: the text ends"},
        {"[1,\n 2,\n x]", "line 3 col 2: invalid JSON (expected a value, found \"x\")"},
        {"1 2", "line 1 col 3: text after the end"},
        {"[1,]", "col 4: invalid JSON (expected a value"},
        {"[,1]", "col 2"},
        {"[1 2]", "expected ',' or ']'"},
        {"[1", "the text ends (expected ',' or ']')"},
        {"{\"a\" 1}", "expected ':'"},
        {"{\"a\":1,}", "expected a key in quotes"},
        {"{a:1}", "expected a key in quotes"},
        {"{'a':1}", "expected a key in quotes"},
        {"{\"a\":1]", "expected ',' or '}'"},
        {"01", "invalid number"},
        {"-", "invalid number"},
        {"+1", "expected a value, found \"+\""},
        {".5", "expected a value"},
        {"1.", "invalid number"},
        {"1e", "invalid number"},
        {"1e+", "invalid number"},
        {"-.5", "invalid number"},
        {"0x1", "text after the end"},
        {"NaN", "expected a value"},
        {"-Infinity", "invalid number"},
        {"tru", "expected a value"},
        {"nul", "expected a value"},
        {"1e400", "number out of range: \"1e400\""},
        {"9223372036854775808", "number out of range (expected a whole number of 64 bits"},
        {"-9223372036854775809", "number out of range"},
        {"// a\n1", "expected a value, found \"/\""},
        {"{\"lr\":1,\n\"lr\":2}", "line 2 col 1: duplicate key \"lr\", first at line 1"},
        {"{\"lr\":1,\"\\u006cr\":2}", "duplicate key"},
        {"{\"x\":{\"a\":1,\"b\":[{\"c\":1,\"c\":2}]}}", "duplicate key \"c\""},
        {"\"a", "the closing quote"},
        {"\"\t\"", "control character 0x09"},
        {"\"\\x\"", "invalid escape"},
        {"\"\\u12\"", "invalid escape"},
        {"\"\\u12G4\"", "invalid escape"},
        {"\"\\ud800\"", "invalid escape"},
        {"\"\\ud800\\u0041\"", "invalid escape"},
        {"\"\\udc00\"", "invalid escape"},
        {"\"\\", "invalid escape"},
        {"\"\xFF\"", "invalid UTF-8 byte 0xFF"},
        {"\"\xC0\x80\"", "invalid UTF-8"},
        {"\"\xED\xA0\x80\"", "invalid UTF-8"},
        {"\"\xF4\x90\x80\x80\"", "invalid UTF-8"},
        {"\"\xE2\x82\"", "invalid UTF-8"},
        {"\xEF\xBB\xBF{}", "byte order mark"},
        {"\xFF\xFE{", "is UTF-16"},
        {"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]", "col 33: nesting over the limit"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fm_error err;
        if (check(rows[i].text, strlen(rows[i].text), &err)) fail_msg("accepted: %s", rows[i].text);
        if (!strstr(err.text, rows[i].error)) fail_msg("%s: expected \"%s\", found \"%s\"", rows[i].text, rows[i].error, err.text);
    }
    fm_error err;
    assert_false(check("[1\0]", 4, &err));
    assert_false(check("1\0", 2, &err));
}

static void test_hostile_sizes(void **state) { /* long nestings and many keys: no deep recursion, no quadratic time */
    (void)state;
    enum { N = 200000 };
    fm_error err;
    char *text = malloc(N * 16);
    memset(text, '[', N);
    assert_false(check(text, N, &err));
    assert_non_null(strstr(err.text, "nesting"));
    size_t n = 0;
    text[n++] = '{';
    for (int i = 0; i < N; i++) n += (size_t)snprintf(text + n, 16, "%s\"%07x\":0", i ? "," : "", i);
    text[n++] = '}';
    assert_true(check(text, n, &err));
    free(text);
}

static void test_walk(void **state) {
    (void)state;
    static const char text[] =
        "{ \"a\" : [ 1 , -2.5e1, \"x\\u0000\\ud83d\\ude00\", [ ], {} ] , \"skip\":[{\"a\":\"]}\\\"\"},[1]], \"b\":null,\"c\":true}";
    fm_error err;
    char decoded[64];
    assert_true(check(text, sizeof text - 1, &err));
    fm_json_cursor at = {text, text + sizeof text - 1};
    assert_int_equal(fm_json_take(&at).kind, FM_JSON_OBJECT);
    assert_true(fm_json_more(&at));
    assert_true(fm_json_equals(fm_json_take(&at), "a"));
    assert_int_equal(fm_json_take(&at).kind, FM_JSON_ARRAY);
    assert_true(fm_json_more(&at));
    assert_int_equal(fm_json_integer(fm_json_take(&at)), 1);
    assert_true(fm_json_more(&at));
    assert_true(fm_json_number(fm_json_take(&at)) == -25);
    assert_true(fm_json_more(&at));
    size_t n = fm_json_string(fm_json_take(&at), decoded);
    assert_int_equal(n, 6);
    assert_memory_equal(decoded, "x\0\xF0\x9F\x98\x80", 6);
    assert_true(fm_json_more(&at));
    assert_int_equal(fm_json_take(&at).kind, FM_JSON_ARRAY);
    assert_false(fm_json_more(&at));
    assert_true(fm_json_more(&at));
    assert_int_equal(fm_json_take(&at).kind, FM_JSON_OBJECT);
    assert_false(fm_json_more(&at));
    assert_false(fm_json_more(&at));
    assert_true(fm_json_more(&at));
    assert_true(fm_json_equals(fm_json_take(&at), "skip"));
    fm_json_skip(&at, fm_json_take(&at));
    assert_true(fm_json_more(&at));
    assert_true(fm_json_equals(fm_json_take(&at), "b"));
    assert_int_equal(fm_json_take(&at).kind, FM_JSON_NULL);
    assert_true(fm_json_more(&at));
    fm_json_take(&at);
    assert_int_equal(fm_json_take(&at).kind, FM_JSON_TRUE);
    assert_false(fm_json_more(&at));
    assert_ptr_equal(at.p, at.end);
}

static void test_quote(void **state) {
    (void)state;
    char to[64];
    size_t n = fm_json_quote("a\"\\\n\x01\x7F\xFF\xC3\xA9", 9, to);
    static const char want[] = "\"a\\\"\\\\\\n\\u0001\\u007f\xEF\xBF\xBD\xC3\xA9\"";
    assert_int_equal(n, sizeof want - 1);
    assert_memory_equal(to, want, n);
    n = fm_json_quote("\xC2\x9B\xE2\x80\xAE\xF3\xA0\x80\x81", 9, to); /* what a terminal would obey: CSI, right to left, a tag */
    static const char escaped[] = "\"\\u009b\\u202e\\udb40\\udc01\"";
    assert_int_equal(n, sizeof escaped - 1);
    assert_memory_equal(to, escaped, n);
    for (int c = 0; c < 128; c++) { /* every character comes back */
        char one = (char)c, back[16];
        fm_error err;
        n = fm_json_quote(&one, 1, to);
        assert_true(check(to, n, &err));
        fm_json_cursor at = {to, to + n};
        assert_int_equal(fm_json_string(fm_json_take(&at), back), 1);
        assert_int_equal(back[0], c);
    }
}

/* ---- numbers ---- */

static uint64_t next_random(uint64_t *s) { /* splitmix64 (G. Steele and others, 2014) */
    uint64_t z = *s += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void expect_round_trip(double v) {
    char text[FM_NUMBER_TEXT];
    double back = 0;
    size_t n = fm_number_print(v, text);
    assert_int_equal(n, strlen(text));
    assert_true(fm_number_parse(text, n, &back));
    if (memcmp(&v, &back, sizeof v) != 0) fail_msg("%.17g became %s", v, text);
}

static void numbers_round_trip(void) {
    uint64_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = next_random(&seed);
        double v, decimal = (double)(int64_t)(bits >> 40) / 1e4, parsed;
        memcpy(&v, &bits, sizeof v);
        if (isfinite(v)) expect_round_trip(v);
        expect_round_trip(decimal);
        char text[64]; /* the fast way agrees with the C library's */
        snprintf(text, sizeof text, "%llu.%llue%d", (unsigned long long)(bits & 0xFFFFF), (unsigned long long)(bits >> 50),
                 (int)(bits >> 20 & 63) - 32);
        assert_true(fm_number_parse(text, strlen(text), &parsed));
        if (!strchr(localeconv()->decimal_point, ',')) assert_true(parsed == strtod(text, NULL));
    }
}

static void test_numbers(void **state) {
    (void)state;
    static const double edges[] = {0, -0.0, 1, 0.1, 1e22, 1e23, 5e-324, 1.7976931348623157e308, 9007199254740993.0, 123456789012345680.0};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) expect_round_trip(edges[i]);
    numbers_round_trip();
    static const struct {
        double value;
        const char *text;
    } rows[] = {{0.1, "0.1"},
                {1, "1.0"},
                {-0.0, "-0.0"},
                {1e20, "1e+20"},
                {1.0 / 3, "0.3333333333333333"},
                {0.30000000000000004, "0.30000000000000004"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[FM_NUMBER_TEXT];
        fm_number_print(rows[i].value, text);
        assert_string_equal(text, rows[i].text);
    }
    static const char *const bad[] = {"",    "-",   ".",   "e1",  "1e",    "1e+", "1 ",    " 1",
                                      "nan", "inf", "0x1", "1,5", "1e999", "--1", "1.2.3", "1e1.5"};
    double v;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (fm_number_parse(bad[i], strlen(bad[i]), &v)) fail_msg("accepted %s", bad[i]);
    }
    assert_true(fm_number_parse("1e-999", 6, &v) && v == 0);
    char many[400];
    memset(many, '9', sizeof many);
    assert_false(fm_number_parse(many, sizeof many, &v));
    many[1] = '.';
    assert_true(fm_number_parse(many, sizeof many, &v) && v == 10);
}

static void test_numbers_ignore_the_locale(void **state) {
    (void)state;
    static const char *const commas[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    const char *set = NULL;
    for (size_t i = 0; i < sizeof commas / sizeof *commas && !set; i++) set = setlocale(LC_NUMERIC, commas[i]);
    if (!set) skip(); /* no such locale on this machine */
    numbers_round_trip();
    setlocale(LC_NUMERIC, "C");
}

static void test_utf8(void **state) {
    (void)state;
    for (uint32_t c = 0; c < 0x110000; c++) { /* what is encoded well is taken, surrogates are not */
        uint8_t b[4] = {(uint8_t)c};
        size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
        for (size_t i = n - 1; n > 1 && i > 0; i--) b[i] = (uint8_t)(0x80 | (c >> 6 * (n - 1 - i) & 63));
        if (n > 1) b[0] = (uint8_t)((0xF00 >> n & 0xFF) | c >> 6 * (n - 1));
        bool surrogate = c >= 0xD800 && c < 0xE000;
        if (fm_utf8(b, n) != (surrogate ? 0 : n)) fail_msg("U+%04X", (unsigned)c);
        if (n > 1 && fm_utf8(b, n - 1)) fail_msg("U+%04X cut", (unsigned)c);
    }
    assert_int_equal(fm_utf8((const uint8_t *)"", 0), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepts),
        cmocka_unit_test(test_rejects),
        cmocka_unit_test(test_hostile_sizes),
        cmocka_unit_test(test_walk),
        cmocka_unit_test(test_quote),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_numbers_ignore_the_locale),
        cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests_name("io_json", tests, NULL, NULL);
}
